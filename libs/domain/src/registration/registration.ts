// Registration: the contacts bound to one implicit registration set, merged by position (docs/architecture.md §2).
// RFC 3261 §10.3 (registrar), RFC 3327 (Path), RFC 5626 (instance, reg-id). Stream: registration-<default IMPU>.
// Written by sprout; folded into registrations-by-aor. Decisions: registration.decide.ts.
import { comparePositions, type Position, type Recorded } from '#libs/decider';
import {
  evolveNews,
  mergeNews,
  type NewsEntry,
  newsWithoutMessages,
  type ThirdPartyRegistrationDue,
} from './server-news.js';
import {
  evolveSubscriptions,
  mergeSubscriptions,
  pruneSubscriptions,
  SUBSCRIPTION_EVENT_TYPES,
  type SubscriptionEvent,
  type Subscriptions,
} from './subscription.js';

// ---- Events: stored for ever; schemas/registration/*.json is the published shape ----

/** One contact as the registrar bound it. Times in ms since 1970, intervals in s. */
export type Binding = Readonly<{
  /** Instance and reg-id where given (`<urn:uuid:…>:1`), else the contact URI. */
  bindingId: string;
  /** Contact URI without angle brackets. */
  contact: string;
  /** Contact parameters as sent, without expires and q: `;+sip.instance="…";reg-id=1`. */
  params: string;
  q: number;
  instance?: string;
  regId?: number;
  callId: string;
  cseq: number;
  expiresAtMs: number;
  grantedS: number;
  /** Path values as received, first hop to take first. */
  path: readonly string[];
  /** Private identity that authenticated. */
  impi: string;
  /** Public identity of the To header. */
  impu: string;
  /** Unbarred public identities of the set, default first (P-Associated-URI). */
  identities: readonly string[];
  emergency?: boolean;
  /** Its client knows GRUUs (RFC 5627). */
  gruu?: boolean;
  /**
   * Of a client that knows GRUUs: when this registration of its device began. Refreshes and other flows of the device go on with it; with
   * another Call-ID, or when the device was gone, it begins anew, and temporary GRUUs of before are void (RFC 5627 §5.1, §5.3).
   */
  sinceMs?: number;
  userAgent?: string;
  visitedNetwork?: string;
  accessNetwork?: string;
  chargingVector?: string;
}>;

export type RemovalCause = 'client' | 'expired' | 'flow-failed';
export type ClearanceCause = 'client' | 'administrative' | 'network';

export type BindingAdded = Readonly<{ type: 'BindingAdded'; data: Binding }>;
/** The same binding again: newer Call-ID/CSeq, expiry, path or parameters. */
export type BindingRefreshed = Readonly<{ type: 'BindingRefreshed'; data: Binding }>;
export type BindingRemoved = Readonly<{
  type: 'BindingRemoved';
  data: Readonly<{
    bindingId: string;
    contact: string;
    cause: RemovalCause;
    /** Position of the entry that was judged; absent when the client itself asked. */
    upTo?: Position;
    /** Latest expiry that any event of this entry granted: how long the removal must be remembered. */
    grantedUntilMs: number;
    callId?: string;
    cseq?: number;
  }>;
}>;
/** Every binding at or below this event's position is gone, seen or not. */
export type AllBindingsRemoved = Readonly<{
  type: 'AllBindingsRemoved';
  data: Readonly<{ cause: ClearanceCause; grantedUntilMs: number; callId?: string; cseq?: number }>;
}>;
/** The same by an operator who does not want the user back: to try again is of no use (RFC 3680 §4.7.1, `rejected`). */
export type RegistrationRejected = Readonly<{
  type: 'RegistrationRejected';
  data: Readonly<{ grantedUntilMs: number }>;
}>;
export type BindingEvent =
  BindingAdded | BindingRefreshed | BindingRemoved | AllBindingsRemoved | RegistrationRejected;
export type RegistrationEvent = BindingEvent | SubscriptionEvent | ThirdPartyRegistrationDue;

export const REGISTRATION_EVENT_TYPES = [
  'BindingAdded',
  'BindingRefreshed',
  'BindingRemoved',
  'AllBindingsRemoved',
  'RegistrationRejected',
  ...SUBSCRIPTION_EVENT_TYPES,
  'ThirdPartyRegistrationDue',
] as const satisfies readonly RegistrationEvent['type'][];

// ---- State: a map of entries, each stamped with the position of the event that last wrote it ----

/** A live binding, or the tombstone of one (`binding` undefined). */
export type BindingEntry = Readonly<{
  at: Position;
  binding: Binding | undefined;
  grantedUntilMs: number;
  /** Of the client's removal that left this tombstone, so that an older REGISTER cannot undo it. */
  callId?: string;
  cseq?: number;
}>;

export type Watermark = Readonly<{ at: Position; grantedUntilMs: number; callId?: string; cseq?: number }>;

export type Registration = Readonly<{
  entries: Readonly<Record<string, BindingEntry>>;
  watermark?: Watermark;
  /** Who watches it; absent where nobody ever did, which is nearly everywhere. */
  subscriptions?: Subscriptions;
  /** What application servers are told of it; absent where none is. */
  news?: NewsEntry;
}>;

type Entries = Registration['entries'];

/**
 * A copy to write into. Clients choose the keys: without a prototype `__proto__` and `toString` are keys like others. Key by key:
 * Object.assign costs four times as much, and this is done for every event.
 */
const copyOf = (entries: Entries): Record<string, BindingEntry> => {
  const copy = Object.create(null) as Record<string, BindingEntry>;
  for (const bindingId in entries) copy[bindingId] = entries[bindingId]!;
  return copy;
};

export const NO_REGISTRATION: Registration = { entries: copyOf({}) };

/** The entry of a binding; every read by key goes through here, as rows that were decoded have a prototype. */
export const entryOf = ({ entries }: Registration, bindingId: string): BindingEntry | undefined =>
  Object.hasOwn(entries, bindingId) ? entries[bindingId] : undefined;

/** A removal is remembered this long after the last expiry that it could meet. */
export const TOMBSTONE_GRACE_MS = 60_000;

export const streamOfRegistration = (defaultImpu: string): string => `registration-${defaultImpu}`;

// ---- Fold: the entry with the higher position wins; nothing else decides ----

const later = (a: BindingEntry | undefined, b: BindingEntry): BindingEntry => {
  if (a === undefined) return b;
  const order = comparePositions(a.at, b.at);
  // On a tie the tombstone wins: it judged exactly that entry. Two bindings or two tombstones are the same event again.
  const winner = order > 0 || (order === 0 && (a.binding === undefined || b.binding !== undefined)) ? a : b;
  const grantedUntilMs = Math.max(a.grantedUntilMs, b.grantedUntilMs);
  return winner.grantedUntilMs === grantedUntilMs ? winner : { ...winner, grantedUntilMs };
};

/** The row with other bindings. Those of which nobody is told are made of their two parts, never copied. */
const withBindings = (
  { subscriptions, news }: Pick<Registration, 'subscriptions' | 'news'>,
  entries: Entries,
  watermark: Watermark | undefined,
): Registration => {
  const row = watermark === undefined ? { entries } : { entries, watermark };
  if (subscriptions === undefined && news === undefined) return row;
  return {
    ...row,
    ...(subscriptions === undefined ? {} : { subscriptions }),
    ...(news === undefined ? {} : { news }),
  };
};

const writeEntry = (state: Registration, bindingId: string, entry: BindingEntry): Registration => {
  const { watermark } = state;
  if (watermark !== undefined && comparePositions(entry.at, watermark.at) <= 0)
    return entry.grantedUntilMs <= watermark.grantedUntilMs
      ? state
      : { ...state, watermark: { ...watermark, grantedUntilMs: entry.grantedUntilMs } };
  const before = entryOf(state, bindingId);
  const after = later(before, entry);
  if (after === before) return state;
  const entries = copyOf(state.entries);
  entries[bindingId] = after;
  return withBindings(state, entries, watermark);
};

const raiseWatermark = (state: Registration, raised: Watermark): Registration => {
  const { watermark } = state;
  const newer = watermark === undefined || comparePositions(raised.at, watermark.at) > 0 ? raised : watermark;
  let grantedUntilMs = Math.max(raised.grantedUntilMs, watermark?.grantedUntilMs ?? 0);
  const entries = copyOf({});
  for (const [bindingId, entry] of Object.entries(state.entries)) {
    if (comparePositions(entry.at, newer.at) > 0) entries[bindingId] = entry;
    else grantedUntilMs = Math.max(grantedUntilMs, entry.grantedUntilMs);
  }
  const kept = newer.grantedUntilMs === grantedUntilMs ? newer : { ...newer, grantedUntilMs };
  return withBindings(state, entries, kept);
};

/** Subscriptions are not of a watermark: those who watch are told of it first. */
const writeSubscription = (
  state: Registration,
  event: SubscriptionEvent,
  position: Position,
): Registration => {
  const subscriptions = evolveSubscriptions(state.subscriptions, event, position);
  return subscriptions === undefined || subscriptions === state.subscriptions
    ? state
    : { ...state, subscriptions };
};

const removalMark = (data: { callId?: string; cseq?: number }) =>
  data.callId === undefined || data.cseq === undefined ? {} : { callId: data.callId, cseq: data.cseq };

/** Applies one event. Commutative, associative and idempotent: any order, any number of times, one result. */
export const evolveRegistration = (
  state: Registration,
  { event, position }: Recorded<RegistrationEvent>,
): Registration => {
  switch (event.type) {
    case 'BindingAdded':
    case 'BindingRefreshed':
      return writeEntry(state, event.data.bindingId, {
        at: position,
        binding: event.data,
        grantedUntilMs: event.data.expiresAtMs,
      });
    case 'BindingRemoved':
      return writeEntry(state, event.data.bindingId, {
        at: event.data.upTo ?? position,
        binding: undefined,
        grantedUntilMs: event.data.grantedUntilMs,
        ...removalMark(event.data),
      });
    case 'AllBindingsRemoved':
      return raiseWatermark(state, {
        at: position,
        grantedUntilMs: event.data.grantedUntilMs,
        ...removalMark(event.data),
      });
    case 'RegistrationRejected':
      return raiseWatermark(state, { at: position, grantedUntilMs: event.data.grantedUntilMs });
    case 'SubscriptionAdded':
    case 'SubscriptionRefreshed':
    case 'SubscriptionNotified':
    case 'SubscriptionRemoved':
      return writeSubscription(state, event, position);
    case 'ThirdPartyRegistrationDue': {
      const news = evolveNews(state.news, event.data, position);
      return news === state.news ? state : { ...state, news };
    }
    default:
      // A newer node's event kind: it is not this version's to judge, and must not stop the fold.
      return state;
  }
};

/** Two rows of one set as one: what it would be if the events of both had been folded into it. */
export const mergeRegistrations = (one: Registration, other: Registration): Registration => {
  let merged = other.watermark === undefined ? one : raiseWatermark(one, other.watermark);
  for (const bindingId of Object.keys(other.entries))
    merged = writeEntry(merged, bindingId, entryOf(other, bindingId)!);
  const subscriptions = mergeSubscriptions(one.subscriptions, other.subscriptions);
  const news = mergeNews(one.news, other.news);
  return withBindings({ ...(subscriptions && { subscriptions }), ...(news && { news }) }, merged.entries, merged.watermark);
}; // prettier-ignore

// ---- Reading a row ----

/** Bindings that have not lapsed by `nowMs`; in an outage of the log that is when it began (docs/architecture.md §6). */
export const liveBindings = (state: Registration, nowMs: number): Binding[] => {
  const live: Binding[] = [];
  for (const bindingId in state.entries) {
    const { binding } = state.entries[bindingId]!;
    if (binding !== undefined && binding.expiresAtMs > nowMs) live.push(binding);
  }
  return live;
};

/** The earliest expiry among the bindings still there, undefined when none is: when to look again. */
export const nextExpiryMs = (state: Registration): number | undefined => {
  let next: number | undefined;
  for (const bindingId in state.entries) {
    const { binding } = state.entries[bindingId]!;
    if (binding !== undefined && (next === undefined || binding.expiresAtMs < next))
      next = binding.expiresAtMs;
  }
  return next;
};

/** Latest moment at which anything on the row still matters: what its time to live is made from. */
export const keptUntilMs = (state: Registration): number => {
  let until = state.watermark?.grantedUntilMs ?? 0;
  for (const bindingId in state.entries) until = Math.max(until, state.entries[bindingId]!.grantedUntilMs);
  for (const id in state.subscriptions) until = Math.max(until, state.subscriptions[id]!.grantedUntilMs);
  if (state.news !== undefined) until = Math.max(until, state.news.data.expiresAtMs);
  return until + TOMBSTONE_GRACE_MS;
};

/** Servers have been told the news of `at`: the row without what only they were to see; the same object when there is nothing such. */
export const forgetMessages = (state: Registration, at: Position): Registration => {
  if (state.news === undefined) return state;
  const news = newsWithoutMessages(state.news, at);
  return news === state.news ? state : { ...state, news };
};

/** Drops tombstones and the watermark once nothing that they bar could still come. Live entries stay until removed. */
export const pruneRegistration = (state: Registration, nowMs: number): Registration => {
  const over = (grantedUntilMs: number): boolean => grantedUntilMs + TOMBSTONE_GRACE_MS <= nowMs;
  let entries: Record<string, BindingEntry> | undefined;
  for (const bindingId in state.entries) {
    const { binding, grantedUntilMs } = state.entries[bindingId]!;
    if (binding !== undefined || !over(grantedUntilMs)) continue;
    entries ??= copyOf(state.entries);
    delete entries[bindingId];
  }
  const watermarkOver = state.watermark !== undefined && over(state.watermark.grantedUntilMs);
  const subscriptions = pruneSubscriptions(state.subscriptions, over);
  const news = state.news === undefined || over(state.news.data.expiresAtMs) ? undefined : state.news;
  const isAsItWas = subscriptions === state.subscriptions && news === state.news;
  if (entries === undefined && !watermarkOver && isAsItWas) return state;
  const kept = { ...(subscriptions && { subscriptions }), ...(news && { news }) };
  return withBindings(kept, entries ?? state.entries, watermarkOver ? undefined : state.watermark);
};

/**
 * True for a binding so old that every tombstone it could meet may be gone: a late delivery of it applies as nothing.
 * Removals are never outdated: what they take away has lapsed in any case.
 */
export const isOutdated = ({ type, data }: RegistrationEvent, nowMs: number): boolean => {
  switch (type) {
    case 'BindingAdded':
    case 'BindingRefreshed':
    case 'SubscriptionAdded':
    case 'SubscriptionRefreshed':
    case 'ThirdPartyRegistrationDue':
      return data.expiresAtMs + TOMBSTONE_GRACE_MS <= nowMs;
    case 'SubscriptionNotified':
      return data.grantedUntilMs + TOMBSTONE_GRACE_MS <= nowMs;
    default:
      return false;
  }
};

export const isEmptyRegistration = (state: Registration): boolean => {
  for (const _bindingId in state.entries) return false;
  return state.watermark === undefined && state.subscriptions === undefined && state.news === undefined;
};
