// What may happen to a registration: REGISTER in all its forms, expiry, a failed flow, administrative removal.
// RFC 3261 §10.3, RFC 5626 §6. Call-ID and CSeq order is judged here, never in the fold.
import { assertNever, comparePositions, CommandRejected, type Position } from '#libs/decider';
import {
  type Binding,
  type BindingEntry,
  type BindingRemoved,
  type ClearanceCause,
  entryOf,
  liveBindings,
  type Registration,
  type RegistrationEvent,
} from './registration.js';

// ---- Commands: time and identifiers arrive as data ----

/** One Contact of a REGISTER. expiresS 0 removes. */
export type ContactRequest = Readonly<{
  bindingId: string;
  contact: string;
  params: string;
  q: number;
  expiresS: number;
  instance?: string;
  regId?: number;
  emergency?: boolean;
}>;

export type RegisterContacts = Readonly<{
  type: 'RegisterContacts';
  data: Readonly<{
    contacts: readonly ContactRequest[];
    callId: string;
    cseq: number;
    nowMs: number;
    minExpiresS: number;
    maxExpiresS: number;
    /** What all bindings of this request share. */
    shared: Pick<Binding, 'path' | 'impi' | 'impu' | 'identities'> &
      Partial<Pick<Binding, 'gruu' | 'userAgent' | 'visitedNetwork' | 'accessNetwork' | 'chargingVector'>>;
  }>;
}>;
/** `Contact: *`, RTR or an operator. */
export type RemoveAllBindings = Readonly<{
  type: 'RemoveAllBindings';
  data: Readonly<{
    cause: ClearanceCause;
    nowMs: number;
    maxExpiresS: number;
    callId?: string;
    cseq?: number;
    /** Nobody is to come back. */
    isRejected?: boolean;
  }>;
}>;
/** RTR or an operator, for some of the private identities that registered. */
export type WithdrawBindings = Readonly<{
  type: 'WithdrawBindings';
  data: Readonly<{ impis: readonly string[]; nowMs: number; maxExpiresS: number }>;
}>;
/** The set's identities are others than they were when its bindings were made (PPR). */
export type ChangeIdentities = Readonly<{
  type: 'ChangeIdentities';
  data: Readonly<{ identities: readonly string[]; nowMs: number }>;
}>;
export type ExpireBindings = Readonly<{ type: 'ExpireBindings'; data: Readonly<{ nowMs: number }> }>;
/** A flow was found dead (430) by somebody who had read the entry at `upTo`. */
export type RemoveFailedFlow = Readonly<{
  type: 'RemoveFailedFlow';
  data: Readonly<{ bindingId: string; upTo: Position }>;
}>;
export type RegistrationCommand =
  | RegisterContacts
  | RemoveAllBindings
  | WithdrawBindings
  | ChangeIdentities
  | ExpireBindings
  | RemoveFailedFlow;

export type RegistrationRefusal = 'StaleCSeq' | 'IntervalTooBrief' | 'TooManyBindings' | 'TooManyRemovals';

export const BINDINGS_MAX = 10;
/** With so many nothing new is bound; what is bound can be removed all the same, so that a row has at most BINDINGS_MAX more. */
export const TOMBSTONES_MAX = 50;
/** With so many a removal of what is not bound is not remembered any more: a client that clears away much bars nobody. */
export const UNSEEN_TOMBSTONES_MAX = 25;

const refuse = (reason: RegistrationRefusal, detail = '') => new CommandRejected(reason, detail);

const orderOf = (entry: BindingEntry | undefined): { callId: string; cseq: number } | undefined => {
  if (entry === undefined) return undefined;
  if (entry.binding !== undefined) return entry.binding;
  return entry.callId !== undefined && entry.cseq !== undefined
    ? { callId: entry.callId, cseq: entry.cseq }
    : undefined;
};

/** RFC 3261 §10.3 step 7: within one Call-ID the CSeq must rise. */
const isStale = (last: { callId: string; cseq: number } | undefined, callId: string, cseq: number): boolean =>
  last !== undefined && last.callId === callId && cseq <= last.cseq;

const sameRequest = (
  entry: BindingEntry | undefined,
  request: ContactRequest,
  data: RegisterContacts['data'],
) => {
  const last = orderOf(entry);
  if (entry === undefined || last?.callId !== data.callId || last.cseq !== data.cseq) return false;
  if (entry.binding === undefined) return request.expiresS === 0;
  return entry.binding.contact === request.contact && entry.binding.grantedS === grantedS(request, data);
};

const grantedS = (request: ContactRequest, data: RegisterContacts['data']): number =>
  Math.min(request.expiresS, data.maxExpiresS);

const removal = (
  entry: BindingEntry & { binding: Binding },
  cause: BindingRemoved['data']['cause'],
  more: { upTo?: Position; callId?: string; cseq?: number },
): BindingRemoved => ({
  type: 'BindingRemoved',
  data: {
    bindingId: entry.binding.bindingId,
    contact: entry.binding.contact,
    cause,
    grantedUntilMs: entry.grantedUntilMs,
    ...more,
  },
});

/** No event that this decision has not seen grants more. */
const grantedAtMostMs = (entry: BindingEntry | undefined, data: { nowMs: number; maxExpiresS: number }) =>
  Math.max(entry?.grantedUntilMs ?? 0, data.nowMs + data.maxExpiresS * 1000);

/**
 * A removal counts also where no binding is seen, and for as long as any may have been granted: an earlier REGISTER whose append
 * is unknown may still turn out to have happened, and must not undo what the client was told.
 */
const clientRemoval = (
  entry: BindingEntry | undefined,
  { bindingId, contact }: ContactRequest,
  data: RegisterContacts['data'],
): BindingRemoved => ({
  type: 'BindingRemoved',
  data: {
    bindingId,
    contact: entry?.binding?.contact ?? contact,
    cause: 'client',
    grantedUntilMs: grantedAtMostMs(entry, data),
    callId: data.callId,
    cseq: data.cseq,
  },
});

const isLive = (entry: BindingEntry | undefined): entry is BindingEntry & { binding: Binding } =>
  entry?.binding !== undefined;

const registerContact = (
  state: Registration,
  request: ContactRequest,
  data: RegisterContacts['data'],
): RegistrationEvent | undefined => {
  const entry = entryOf(state, request.bindingId);
  if (sameRequest(entry, request, data)) return undefined;
  if (isStale(orderOf(entry) ?? orderOfWatermark(state), data.callId, data.cseq)) throw refuse('StaleCSeq');
  if (request.expiresS === 0)
    return entry !== undefined || tombstonesOf(state) < UNSEEN_TOMBSTONES_MAX
      ? clientRemoval(entry, request, data)
      : undefined;
  const granted = grantedS(request, data);
  if (granted < data.minExpiresS) throw refuse('IntervalTooBrief', `at least ${data.minExpiresS} s`);
  return {
    type: isLive(entry) && entry.binding.expiresAtMs > data.nowMs ? 'BindingRefreshed' : 'BindingAdded',
    data: bindingOf(state, request, data, granted),
  };
};

/** When the registration of the device began that this request goes on with, or begins; undefined: no GRUU has ever been made in it. */
const registeredSinceMs = (
  state: Registration,
  { bindingId, instance }: ContactRequest,
  { callId, nowMs, shared }: RegisterContacts['data'],
): number | undefined => {
  let latestMs: number | undefined;
  let isAnother = false;
  for (const other of liveBindings(state, nowMs)) {
    if (other.instance !== instance) continue;
    if (other.sinceMs !== undefined) latestMs = Math.max(latestMs ?? 0, other.sinceMs);
    // Of one flow of several: it counts for the device as a whole (RFC 5627 §4.1).
    isAnother ||= other.bindingId === bindingId && other.callId !== callId;
  }
  if (latestMs === undefined) return shared.gruu === true ? nowMs : undefined;
  // Later than the one before, whatever became of the clock.
  return isAnother ? Math.max(nowMs, latestMs + 1) : latestMs;
};

/** Property by property: copying with `...` costs five times as much, and this is done for every REGISTER. */
const bindingOf = (
  state: Registration,
  request: ContactRequest,
  data: RegisterContacts['data'],
  granted: number,
): Binding => {
  const { shared } = data;
  const binding: { -readonly [K in keyof Binding]: Binding[K] } = {
    bindingId: request.bindingId,
    contact: request.contact,
    params: request.params,
    q: request.q,
    callId: data.callId,
    cseq: data.cseq,
    expiresAtMs: data.nowMs + granted * 1000,
    grantedS: granted,
    path: shared.path,
    impi: shared.impi,
    impu: shared.impu,
    identities: shared.identities,
  };
  if (request.instance !== undefined) binding.instance = request.instance;
  if (request.regId !== undefined) binding.regId = request.regId;
  if (request.emergency !== undefined) binding.emergency = request.emergency;
  if (request.instance !== undefined && request.emergency !== true) {
    if (shared.gruu === true) binding.gruu = true;
    const sinceMs = registeredSinceMs(state, request, data);
    if (sinceMs !== undefined) binding.sinceMs = sinceMs;
  }
  if (shared.userAgent !== undefined) binding.userAgent = shared.userAgent;
  if (shared.visitedNetwork !== undefined) binding.visitedNetwork = shared.visitedNetwork;
  if (shared.accessNetwork !== undefined) binding.accessNetwork = shared.accessNetwork;
  if (shared.chargingVector !== undefined) binding.chargingVector = shared.chargingVector;
  return binding;
};

const orderOfWatermark = ({ watermark }: Registration) =>
  watermark?.callId !== undefined && watermark.cseq !== undefined
    ? { callId: watermark.callId, cseq: watermark.cseq }
    : undefined;

const registerContacts = (state: Registration, { data }: RegisterContacts): RegistrationEvent[] => {
  const events: RegistrationEvent[] = [];
  for (const request of data.contacts) {
    const event = registerContact(state, request, data);
    if (event !== undefined) events.push(event);
  }
  checkBounds(state, events, data.nowMs);
  return events;
};

/** Those that a client's removals have left. What lapsed or lost its flow is nobody's doing, and must bar no device that comes back. */
const tombstonesOf = ({ entries }: Registration): number =>
  Object.values(entries).filter(({ binding, callId }) => binding === undefined && callId !== undefined)
    .length;

/** A row over its bounds refuses; it never evicts another device's binding. */
const checkBounds = (state: Registration, events: readonly RegistrationEvent[], nowMs: number): void => {
  // A refresh adds nothing to the row.
  if (events.every((event) => event.type === 'BindingRefreshed')) return;
  const isCounted = (entry: BindingEntry | undefined): boolean =>
    isLive(entry) && entry.binding.expiresAtMs > nowMs;
  let live = Object.values(state.entries).filter(isCounted).length;
  let isNew = false;
  for (const event of events) {
    if (event.type === 'BindingAdded') {
      live++;
      isNew ||= entryOf(state, event.data.bindingId) === undefined;
    } else if (event.type === 'BindingRemoved' && isCounted(entryOf(state, event.data.bindingId))) live--;
  }
  if (events.some((event) => event.type === 'BindingAdded') && live > BINDINGS_MAX)
    throw refuse('TooManyBindings', `at most ${BINDINGS_MAX}`);
  if (isNew && tombstonesOf(state) >= TOMBSTONES_MAX)
    throw refuse('TooManyRemovals', `at most ${TOMBSTONES_MAX} remembered`);
};

const removeAllBindings = (state: Registration, { data }: RemoveAllBindings): RegistrationEvent[] => {
  const { callId, cseq, cause } = data;
  const entries = Object.values(state.entries);
  if (callId !== undefined && cseq !== undefined) {
    const mark = orderOfWatermark(state);
    if (mark?.callId === callId && mark.cseq === cseq) return [];
    for (const last of [mark, ...entries.map(orderOf)])
      if (isStale(last, callId, cseq)) throw refuse('StaleCSeq');
  }
  // Also when none is seen: see clientRemoval.
  const grantedUntilMs = entries.reduce(
    (until, entry) => Math.max(until, entry.grantedUntilMs),
    grantedAtMostMs(undefined, data),
  );
  if (data.isRejected) return [{ type: 'RegistrationRejected', data: { grantedUntilMs } }];
  return [
    {
      type: 'AllBindingsRemoved',
      data: {
        cause,
        grantedUntilMs,
        ...(callId !== undefined && cseq !== undefined ? { callId, cseq } : {}),
      },
    },
    // What is registered for emergencies ends by its time alone, whatever its user asks (TS 24.229 §5.4.8.3).
    ...(cause === 'client' ? boundAgain(state, data.nowMs, ({ emergency }) => emergency === true) : []),
  ];
};

/** What stays when all else is removed: bound above the watermark, in the same append. */
const boundAgain = (
  state: Registration,
  nowMs: number,
  isStaying: (binding: Binding) => boolean,
): readonly RegistrationEvent[] =>
  liveBindings(state, nowMs)
    .filter(isStaying)
    .map((data) => ({ type: 'BindingAdded', data }));

/** A watermark also takes what is not seen; what others registered stays. */
const withdrawBindings = (
  state: Registration,
  { data: { impis, nowMs, maxExpiresS } }: WithdrawBindings,
): RegistrationEvent[] => {
  const data = { cause: 'administrative', nowMs, maxExpiresS } as const;
  return [
    ...removeAllBindings(state, { type: 'RemoveAllBindings', data }),
    ...boundAgain(state, nowMs, ({ impi }) => !impis.includes(impi)),
  ];
};

const changeIdentities = (
  state: Registration,
  { data: { identities, nowMs } }: ChangeIdentities,
): RegistrationEvent[] =>
  liveBindings(state, nowMs)
    .filter((binding) => binding.identities.join() !== identities.join())
    .map((binding) => ({ type: 'BindingRefreshed', data: { ...binding, identities } }));

const expireBindings = (state: Registration, { data }: ExpireBindings): RegistrationEvent[] =>
  Object.values(state.entries)
    .filter(isLive)
    .filter(({ binding }) => binding.expiresAtMs <= data.nowMs)
    .map((entry) => removal(entry, 'expired', { upTo: entry.at }));

const removeFailedFlow = (state: Registration, { data }: RemoveFailedFlow): RegistrationEvent[] => {
  const entry = entryOf(state, data.bindingId);
  // A refresh since then has a flow of its own: it stays.
  if (!isLive(entry) || comparePositions(entry.at, data.upTo) > 0) return [];
  return [removal(entry, 'flow-failed', { upTo: entry.at })];
};

/** Events that the command makes of this row; [] when nothing changes; throws CommandRejected<RegistrationRefusal>. */
export const decideRegistration = (
  state: Registration,
  command: RegistrationCommand,
): readonly RegistrationEvent[] => {
  switch (command.type) {
    case 'RegisterContacts':
      return registerContacts(state, command);
    case 'RemoveAllBindings':
      return removeAllBindings(state, command);
    case 'WithdrawBindings':
      return withdrawBindings(state, command);
    case 'ChangeIdentities':
      return changeIdentities(state, command);
    case 'ExpireBindings':
      return expireBindings(state, command);
    case 'RemoveFailedFlow':
      return removeFailedFlow(state, command);
    default:
      return assertNever(command);
  }
};
