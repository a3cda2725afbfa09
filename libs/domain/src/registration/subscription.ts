// Subscriptions to the registration state of one implicit registration set: entries of its row, merged as bindings are
// (docs/architecture.md §2). RFC 3680, RFC 6665. Stream: registration-<default IMPU>, which they share with bindings.
// Written by sprout (reg-event); folded by registration.ts. Decisions: subscription.decide.ts.
import { comparePositions, type Position } from '#libs/decider';

// ---- Events: stored for ever; schemas/registration/*.json is the published shape ----

/** One dialog of a watcher, and how long it lasts. Times in ms since 1970, intervals in s. */
export type Subscription = Readonly<{
  /** Our tag in the dialog: no other subscription of this core has it. */
  subscriptionId: string;
  /** Who was let in: a public identity of the set, an edge, an application server. */
  watcher: string;
  /** Contact URI of the watcher: where documents go. */
  contact: string;
  /** Record-Route values of the SUBSCRIBE, in their order. */
  routes: readonly string[];
  callId: string;
  /** From of the SUBSCRIBE, with its tag. */
  from: string;
  /** To of the SUBSCRIBE, without a tag. */
  to: string;
  /** Event of the SUBSCRIBE, where it says more than `reg`. */
  event?: string;
  /** Of the last SUBSCRIBE. */
  cseq: number;
  expiresAtMs: number;
  /** 0: the watcher asked once, or asked for the end. */
  grantedS: number;
}>;

/** Why it ended: `failed`, the watcher knows nothing of it or does not answer; `contact-gone`, it was of a binding that its owner removed. */
export type SubscriptionEnd = 'client' | 'expired' | 'registration-ended' | 'contact-gone' | 'failed';

export type SubscriptionAdded = Readonly<{ type: 'SubscriptionAdded'; data: Subscription }>;
export type SubscriptionRefreshed = Readonly<{ type: 'SubscriptionRefreshed'; data: Subscription }>;
/** The numbers of a NOTIFY are taken. Of several events with one version the first in the log is sent, by whoever wrote it. */
export type SubscriptionNotified = Readonly<{
  type: 'SubscriptionNotified';
  data: Readonly<{
    subscriptionId: string;
    /** Of the document, from 0 (RFC 3680 §5.1). */
    version: number;
    /** Of the NOTIFY. */
    cseq: number;
    document: 'full' | 'partial';
    /** It says that the subscription is over, and why. */
    ends?: SubscriptionEnd;
    /** The run of a router that sends it: another one begins with full state. */
    by: string;
    /** The newest event of the registration that it shows. */
    upTo: Position;
    grantedUntilMs: number;
  }>;
}>;
export type SubscriptionRemoved = Readonly<{
  type: 'SubscriptionRemoved';
  data: Readonly<{
    subscriptionId: string;
    cause: SubscriptionEnd;
    /** Position of the entry that was judged: a refresh since then survives. */
    upTo: Position;
    grantedUntilMs: number;
  }>;
}>;
export type SubscriptionEvent =
  SubscriptionAdded | SubscriptionRefreshed | SubscriptionNotified | SubscriptionRemoved;

export const SUBSCRIPTION_EVENT_TYPES = [
  'SubscriptionAdded',
  'SubscriptionRefreshed',
  'SubscriptionNotified',
  'SubscriptionRemoved',
] as const satisfies readonly SubscriptionEvent['type'][];

// ---- State ----

/** The newest document that was numbered, and where the log says so. */
export type Notified = Readonly<{
  at: Position;
  version: number;
  cseq: number;
  by: string;
  ends?: SubscriptionEnd;
}>;

/** A subscription, or the tombstone of one (`subscription` undefined). */
export type SubscriptionEntry = Readonly<{
  at: Position;
  subscription: Subscription | undefined;
  grantedUntilMs: number;
  notified?: Notified;
}>;

export type Subscriptions = Readonly<Record<string, SubscriptionEntry>>;

/** Below every position of a log: of an entry of which only a document is known yet. */
const NOWHERE: Position = { generation: -1, partition: 0, offset: -1 };

// ---- Fold: of the subscription the higher position wins, of the numbers the higher version, and the first in the log that has it ----

const laterOf = (a: SubscriptionEntry, b: SubscriptionEntry): SubscriptionEntry => {
  const order = comparePositions(a.at, b.at);
  return order > 0 || (order === 0 && (a.subscription === undefined || b.subscription !== undefined)) ? a : b;
};

const newerOf = (a: Notified | undefined, b: Notified | undefined): Notified | undefined => {
  if (a === undefined || b === undefined) return a ?? b;
  if (a.version !== b.version) return a.version > b.version ? a : b;
  return comparePositions(a.at, b.at) <= 0 ? a : b;
};

const merged = (a: SubscriptionEntry | undefined, b: SubscriptionEntry): SubscriptionEntry => {
  if (a === undefined) return b;
  const { at, subscription } = laterOf(a, b);
  const notified = newerOf(a.notified, b.notified);
  const grantedUntilMs = Math.max(a.grantedUntilMs, b.grantedUntilMs);
  if (at === a.at && subscription === a.subscription && notified === a.notified)
    return grantedUntilMs === a.grantedUntilMs ? a : { ...a, grantedUntilMs };
  return { at, subscription, grantedUntilMs, ...(notified === undefined ? {} : { notified }) };
};

const entryFrom = ({ type, data }: SubscriptionEvent, position: Position): SubscriptionEntry => {
  switch (type) {
    case 'SubscriptionAdded':
    case 'SubscriptionRefreshed':
      return { at: position, subscription: data, grantedUntilMs: data.expiresAtMs };
    case 'SubscriptionRemoved':
      return { at: data.upTo, subscription: undefined, grantedUntilMs: data.grantedUntilMs };
    case 'SubscriptionNotified': {
      const { version, cseq, by, ends, grantedUntilMs } = data;
      const notified = { at: position, version, cseq, by, ...(ends === undefined ? {} : { ends }) };
      return { at: NOWHERE, subscription: undefined, grantedUntilMs, notified };
    }
  }
};

/** A copy to write into, without a prototype: see registration.ts. */
export const copyOfSubscriptions = (entries: Subscriptions | undefined): Record<string, SubscriptionEntry> =>
  Object.assign(Object.create(null) as Record<string, SubscriptionEntry>, entries);

export const subscriptionEntry = (
  entries: Subscriptions | undefined,
  subscriptionId: string,
): SubscriptionEntry | undefined =>
  entries !== undefined && Object.hasOwn(entries, subscriptionId) ? entries[subscriptionId] : undefined;

/** Applies one event. Commutative, associative and idempotent; the same object when nothing changes. */
export const evolveSubscriptions = (
  entries: Subscriptions | undefined,
  event: SubscriptionEvent,
  position: Position,
): Subscriptions | undefined => {
  const { subscriptionId } = event.data;
  const before = subscriptionEntry(entries, subscriptionId);
  const after = merged(before, entryFrom(event, position));
  if (after === before) return entries;
  const copy = copyOfSubscriptions(entries);
  copy[subscriptionId] = after;
  return copy;
};

/** Two rows' subscriptions as one. */
export const mergeSubscriptions = (
  one: Subscriptions | undefined,
  other: Subscriptions | undefined,
): Subscriptions | undefined => {
  if (one === undefined || other === undefined) return one ?? other;
  const both = copyOfSubscriptions(one);
  for (const id of Object.keys(other)) both[id] = merged(subscriptionEntry(one, id), subscriptionEntry(other, id)!);
  return both;
}; // prettier-ignore

// ---- Reading ----

/** Subscriptions that have not been removed, lapsed ones too: who removes them tells their watchers first. */
export const heldSubscriptions = (entries: Subscriptions | undefined): Subscription[] => {
  const held: Subscription[] = [];
  for (const id in entries) {
    const { subscription } = entries[id]!;
    if (subscription !== undefined) held.push(subscription);
  }
  return held;
};

/** Without tombstones that are over; the same object when there are none, undefined when nothing is left. */
export const pruneSubscriptions = (
  entries: Subscriptions | undefined,
  isOver: (grantedUntilMs: number) => boolean,
): Subscriptions | undefined => {
  let copy: Record<string, SubscriptionEntry> | undefined;
  let left = 0;
  for (const id in entries) {
    const { subscription, grantedUntilMs } = entries[id]!;
    if (subscription !== undefined || !isOver(grantedUntilMs)) {
      left++;
      continue;
    }
    copy ??= copyOfSubscriptions(entries);
    delete copy[id];
  }
  if (left === 0) return undefined;
  return copy ?? entries;
};
