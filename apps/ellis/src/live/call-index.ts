// The newest calls of each number, in memory: folded from the log's events of calls from when somebody first asks, and followed from then on.
// A core whose portal nobody opens pays nothing for it. Bounded: the oldest calls go. Read by live.ts.
import type { CallEvent } from '#libs/domain';
import type { RecordedEvent } from '#libs/event-log';
import type { Call, CallState } from '../contract.js';

/** Calls that are known; of one number as many as are ever shown. */
export const CALLS_KEPT_MAX = 20_000;
export const CALLS_OF_NUMBER_MAX = 200;

type KnownCall = {
  readonly id: string;
  readonly beganAtMs: number;
  from: string;
  to: string;
  caller: string | undefined;
  callees: Set<string>;
  /** The caller does not show who it is. */
  isPrivate: boolean;
  state: CallState;
  status: number | undefined;
  answeredAtMs: number | undefined;
  endedAtMs: number | undefined;
};

const STREAM = 'call-';

const DONE: Readonly<Record<CallState, string>> = {
  trying: 'under way',
  answered: 'talking',
  ended: 'over',
  failed: 'not answered',
  refused: 'refused',
};

const wordsOf = (call: KnownCall, direction: Call['direction'], other: string | null): string => {
  const who = other ?? 'somebody private';
  const status = call.state === 'failed' || call.state === 'refused' ? ` (${call.status ?? ''})` : '';
  return `${direction === 'outgoing' ? 'to' : 'from'} ${who}, ${DONE[call.state]}${status}`;
};

const isAnonymous = (uri: string): boolean => /@anonymous\.invalid/i.test(uri) || /^sips?:anonymous@/i.test(uri); // prettier-ignore

/** `"Alice" <sip:alice@ims.test>;tag=1` → `sip:alice@ims.test`. */
const uriIn = (field: string): string => /<([^>]*)>/.exec(field)?.[1] ?? field.split(';', 1)[0] ?? field;

export type CallListener = (number: string) => void;

export class CallIndex {
  private readonly calls = new Map<string, KnownCall>();
  private readonly byNumber = new Map<string, string[]>();

  constructor(private readonly changed: CallListener = () => undefined) {}

  /** True where a call is known from this event on. Messages and the like are no calls: they take nobody's place in a list. */
  fold({ stream, event: taken, timeMs }: RecordedEvent): boolean {
    if (!stream.startsWith(STREAM)) return false;
    const event = taken as CallEvent;
    const id = stream.slice(STREAM.length);
    const known = this.calls.get(id);
    if (known === undefined && methodOf(event) !== 'INVITE') return false;
    const call = known ?? this.begin(id, timeMs);
    this.evolve(call, event, timeMs);
    if (call.caller !== undefined) this.changed(call.caller);
    for (const callee of call.callees) this.changed(callee);
    return known === undefined;
  }

  /** Newest first; none that began before `sinceMs`. */
  callsOf(number: string, limit: number, sinceMs = 0): Call[] {
    const known = (this.byNumber.get(number) ?? []).flatMap((id) => this.calls.get(id) ?? []);
    const shown = known.filter(({ beganAtMs }) => beganAtMs >= sinceMs).toReversed();
    return shown.slice(0, limit).map((call) => shownTo(call, number));
  }

  private begin(id: string, atMs: number): KnownCall {
    if (this.calls.size >= CALLS_KEPT_MAX) this.forget(this.calls.keys().next().value!);
    const call: KnownCall = {
      id, beganAtMs: atMs, from: '', to: '', caller: undefined, callees: new Set(), isPrivate: false,
      state: 'trying', status: undefined, answeredAtMs: undefined, endedAtMs: undefined,
    }; // prettier-ignore
    this.calls.set(id, call);
    return call;
  }

  private forget(id: string): void {
    const call = this.calls.get(id);
    this.calls.delete(id);
    for (const number of [call?.caller, ...(call?.callees ?? [])]) {
      if (number === undefined) continue;
      const left = (this.byNumber.get(number) ?? []).filter((one) => one !== id);
      if (left.length === 0) this.byNumber.delete(number);
      else this.byNumber.set(number, left);
    }
  }

  private serve(call: KnownCall, role: 'originating' | 'terminating', served: string): void {
    // A callee who diverts the call is served as one who calls, too (TS 24.229 §5.4.3.3): it has not made the call.
    if (call.callees.has(served) || (role === 'originating' && call.caller !== undefined)) return;
    if (role === 'originating') call.caller = served;
    else call.callees.add(served);
    const ids = this.byNumber.get(served) ?? [];
    if (!ids.includes(call.id)) ids.push(call.id);
    if (ids.length > CALLS_OF_NUMBER_MAX) ids.shift();
    this.byNumber.set(served, ids);
  }

  private evolve(call: KnownCall, event: CallEvent, atMs: number): void {
    switch (event.type) {
      case 'OriginatingServed':
      case 'TerminatingServed':
      case 'ServerInvoked':
      case 'RequestRefused': {
        const { from, requestUri, served } = event.data;
        if (call.to === '') Object.assign(call, { from: uriIn(from), to: requestUri });
        const role = event.type === 'OriginatingServed' ? 'originating' : event.type === 'TerminatingServed' ? 'terminating' : event.data.role; // prettier-ignore
        this.serve(call, role, served);
        if (event.type === 'RequestRefused') end(call, 'refused', atMs, event.data.status);
        return;
      }
      case 'CallerHidden':
        call.isPrivate = true;
        return;
      case 'CallAnswered':
        call.answeredAtMs ??= atMs;
        call.status = event.data.status;
        if (call.state === 'trying') call.state = 'answered';
        return;
      case 'CallFailed':
        if (call.state === 'trying') end(call, 'failed', atMs, event.data.status);
        return;
      case 'CallEnded':
        end(call, 'ended', atMs, call.status);
        return;
      default:
    }
  }
}

/** Of an event that a call may be known from. */
const methodOf = ({ data }: CallEvent): string | undefined => ('method' in data ? data.method : undefined);

const end = (call: KnownCall, state: CallState, atMs: number, status: number | undefined): void => {
  call.state = state;
  call.endedAtMs ??= atMs;
  call.status = status;
};

const shownTo = (call: KnownCall, number: string): Call => {
  const direction = call.caller === number ? 'outgoing' : 'incoming';
  const isHidden = call.isPrivate || isAnonymous(call.from);
  const other = direction === 'outgoing' ? call.to : isHidden ? null : call.from;
  return {
    id: call.id,
    direction,
    method: 'INVITE',
    other,
    state: call.state,
    status: call.status ?? null,
    begun_at: call.beganAtMs,
    answered_at: call.answeredAtMs ?? null,
    ended_at: call.endedAtMs ?? null,
    words: wordsOf(call, direction, other),
  };
};
