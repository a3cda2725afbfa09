// Call list: the calls of one public identity as it would tell them itself: who, which way, what became of it.
// Stream: calllist-<IMPU>. Written by call-list, which sees a call as an application server does; folded by calls-by-user.
import { assertNever, comparePositions, type Position, type Recorded } from '#libs/decider';

type Direction = 'incoming' | 'outgoing';

// ---- Events: each may come again; none is of use without the ones before it but CallBegun ----

/** `party` is absent where the caller wants to be private (RFC 3323). Times are for people. */
export type CallBegun = Readonly<{
  type: 'CallBegun';
  data: Readonly<{ impu: string; call: string; direction: Direction; party?: string; atMs: number }>;
}>;

/** The final answer: `status` of SIP. */
export type CallConcluded = Readonly<{
  type: 'CallConcluded';
  data: Readonly<{ impu: string; call: string; status: number; atMs: number }>;
}>;

export type CallListEvent = CallBegun | CallConcluded;

export const CALL_LIST_EVENT_TYPES = [
  'CallBegun',
  'CallConcluded',
] as const satisfies readonly CallListEvent['type'][];

export const CALL_LIST_STREAM = 'calllist-';

// ---- State ----

export type ListedCall = Readonly<{
  call: string;
  direction: Direction;
  party?: string;
  begunAtMs: number;
  /** Absent while it rings, or when nobody was there to see how it ended. */
  concluded?: Readonly<{ status: number; atMs: number }>;
}>;

/** Newest first. `at`: the newest event that is in it; one stream makes one list, so older ones are repeats. */
export type CallList = Readonly<{ at: Position; calls: readonly ListedCall[] }>;

/** Calls of one identity that are kept; the oldest goes. */
export const LISTED_CALLS_MAX = 100;

const begun = (calls: readonly ListedCall[], { data }: CallBegun): readonly ListedCall[] => {
  const { call, direction, party, atMs: begunAtMs } = data;
  // Noted a second time by who did not learn whether the first had been written.
  if (calls.some((known) => known.call === call)) return calls;
  const listed: ListedCall = { call, direction, ...(party === undefined ? {} : { party }), begunAtMs };
  return [listed, ...calls].slice(0, LISTED_CALLS_MAX);
};

const concluded = (calls: readonly ListedCall[], { data }: CallConcluded): readonly ListedCall[] => {
  const at = calls.findIndex(({ call }) => call === data.call);
  const known = calls[at];
  // A call has one final answer.
  if (known === undefined || known.concluded !== undefined) return calls;
  return calls.with(at, { ...known, concluded: { status: data.status, atMs: data.atMs } });
};

const callsAfter = (calls: readonly ListedCall[], event: CallListEvent): readonly ListedCall[] => {
  switch (event.type) {
    case 'CallBegun':
      return begun(calls, event);
    case 'CallConcluded':
      return concluded(calls, event);
    default:
      return assertNever(event);
  }
};

/** The list after an event; the same one when it holds that event already. */
export const evolveCallList = (
  list: CallList | undefined,
  { event, position }: Recorded<CallListEvent>,
): CallList => {
  if (list !== undefined && comparePositions(position, list.at) <= 0) return list;
  return { at: position, calls: callsAfter(list?.calls ?? [], event) };
};
