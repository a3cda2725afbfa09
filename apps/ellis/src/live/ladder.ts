// One call as a ladder: who sent what to whom when, and the decision at each step in words, made of the call's events. What others keep to
// themselves is left out: nobody reads more than how his own number was served, whoever else was on the way. A callee learns nothing of
// how the caller was served, nor of the one that it diverts the call to; a caller nothing of where the callee's devices are, nor of where
// the callee diverts; and nobody but the caller who it was that called privately. Read by live.ts.
import { callDetails, type CallEvent, callWords } from '#libs/domain';
import type { RecordedEvent } from '#libs/event-log';
import type { Ladder, LadderStep, Participant, ParticipantKind } from '../contract.js';

/** Whose number is looked from; undefined: an operator looks, who sees all. */
export type Reader = string | undefined;

type Side = 'originating' | 'terminating';

const ROUTER: Readonly<Record<Side, string>> = { originating: 'router-caller', terminating: 'router-callee' };
const ROUTER_LABEL: Readonly<Record<Side, string>> = {
  originating: 'router, for the caller',
  terminating: 'router, for the callee',
};
const DECISION = 'decision';
const ORDER: Readonly<Record<string, number>> = {
  caller: 0,
  'router-caller': 1,
  'router-callee': 3,
  callee: 4,
};

const sideOf = (event: CallEvent): Side | undefined => {
  switch (event.type) {
    case 'OriginatingServed':
    case 'NumberTranslated':
    case 'BreakoutChosen':
      return 'originating';
    case 'TerminatingServed':
    case 'NextTargetsRung':
    case 'TargetFlowFailed':
      return 'terminating';
    case 'RequestRefused':
    case 'ServerInvoked':
    case 'ServerReturned':
    case 'ServerFailed':
    case 'ServerAnswered':
    case 'ServiceApplied':
      return event.data.role;
    default:
      return undefined;
  }
};

/** Whose the event is, where it says so. */
export const servedIn = ({ data }: CallEvent): string | undefined =>
  (data as Readonly<{ served?: string }>).served;

/** The one who made the call; undefined: it came from elsewhere. */
const callerOf = (events: readonly CallEvent[]): string | undefined => {
  const first = events.find((event) => sideOf(event) !== undefined && servedIn(event) !== undefined);
  return first !== undefined && sideOf(first) === 'originating' ? servedIn(first) : undefined;
};

class LadderMaker {
  readonly participants = new Map<string, Participant>();
  readonly steps: LadderStep[] = [];
  private method = '';
  private called = '';
  private last: Side | undefined;
  /** Who is served on each side now: a callee who diverts is followed by the one it diverts to. */
  private readonly served: { [S in Side]?: string | undefined } = {};
  private readonly servers = new Map<string, string>();

  constructor(private readonly reader: Reader) {}

  get methodName(): string {
    return this.method;
  }

  take(event: CallEvent, at: number): void {
    const side = sideOf(event);
    // Of a call from elsewhere it comes first: there is nobody in the ladder yet.
    if (side === undefined && this.last === undefined) return;
    if (side !== undefined) {
      this.served[side] = servedIn(event) ?? this.served[side];
      this.enter(side, event, at);
    }
    const isKnown = side === undefined || this.reads(side);
    const words = isKnown ? callWords(event) : 'decided on the other side';
    const details = isKnown ? callDetails(event) : [];
    this.show(event, side ?? this.last ?? 'originating', { at, words, details });
  }

  /** Is it the reader who is served on this side now? */
  private reads(side: Side): boolean {
    return this.reader === undefined || this.served[side] === this.reader;
  }

  private add(id: string, label: string, kind: ParticipantKind): string {
    if (!this.participants.has(id)) this.participants.set(id, { id, label, kind });
    return id;
  }

  /** The request reaches the router of a side, from the caller or from the other side's. */
  private enter(side: Side, event: CallEvent, at: number): void {
    const router = ROUTER[side];
    if (this.participants.has(router)) return void (this.last = side);
    this.add(router, ROUTER_LABEL[side], 'router');
    const data = event.data as Readonly<{ method?: string; from?: string; requestUri?: string }>;
    if (this.method === '') this.method = data.method ?? '';
    if (this.called === '') this.called = data.requestUri ?? '';
    const from = this.last === undefined ? this.add('caller', data.from ?? 'caller', 'caller') : ROUTER[this.last]; // prettier-ignore
    this.last = side;
    this.arrow(from, router, this.method, { at, words: `${this.method} to ${this.called || 'the callee'}`, details: [] }); // prettier-ignore
  }

  private arrow(
    from: string,
    to: string,
    label: string,
    { at, words, details }: Pick<LadderStep, 'at' | 'words' | 'details'>,
    failed = false,
  ): void {
    this.steps.push({ at, from, to, label, words, details, failed });
  }

  private show(event: CallEvent, side: Side, said: Pick<LadderStep, 'at' | 'words' | 'details'>): void {
    const router = ROUTER[side];
    switch (event.type) {
      case 'TerminatingServed':
        return this.ring(event, router, said);
      case 'ServerInvoked':
        return this.arrow(router, this.server(event.data.server, side), event.data.method, said);
      case 'ServerReturned':
        return this.arrow(this.server(event.data.server, side), router, event.data.method, said);
      case 'ServerAnswered':
        return this.arrow(this.server(event.data.server, side), router, String(event.data.status), said, event.data.status >= 400); // prettier-ignore
      case 'ServerFailed':
        return this.arrow(this.server(event.data.server, side), router, 'failed', said, true);
      case 'RequestRefused':
        return this.back(router, event.data.status, said);
      case 'CallAnswered':
        return this.back('callee', event.data.status, { ...said, words: this.reads('terminating') ? said.words : `answered ${event.data.status}` }); // prettier-ignore
      case 'CallFailed':
        return this.back(router, event.data.status, said);
      case 'CallEnded': {
        const [from, to] =
          event.data.by === 'caller' ? (['caller', 'callee'] as const) : (['callee', 'caller'] as const);
        return this.arrow(from, to, 'BYE', said);
      }
      default:
        return this.arrow(router, router, DECISION, said, event.type === 'TargetFlowFailed');
    }
  }

  private ring(
    { data: { served, method, targets } }: Extract<CallEvent, { type: 'TerminatingServed' }>,
    router: string,
    said: Pick<LadderStep, 'at' | 'words' | 'details'>,
  ): void {
    this.arrow(router, router, DECISION, said, targets.length === 0);
    if (targets.length === 0) return;
    const isKnown = this.reads('terminating');
    const callee = this.add('callee', isKnown ? served : this.called, 'callee');
    const words = `rings ${isKnown ? `${targets.length} device(s)` : 'the callee'}`;
    this.arrow(router, callee, method, { ...said, words, details: [] });
  }

  /** An answer on its way back to the caller. */
  private back(from: string, status: number, said: Pick<LadderStep, 'at' | 'words' | 'details'>): void {
    this.add('caller', 'caller', 'caller');
    if (from === 'callee') this.add('callee', 'callee', 'callee');
    const way = ['callee', 'router-callee', 'router-caller', 'caller'].filter((id) => this.participants.has(id)); // prettier-ignore
    const begin = Math.max(0, way.indexOf(from));
    for (let at = begin; at + 1 < way.length; at++)
      this.arrow(way[at]!, way[at + 1]!, String(status), at === begin ? said : { ...said, details: [] }, status >= 400); // prettier-ignore
  }

  /** Its id says no more than its label does. */
  private server(name: string, side: Side): string {
    const key = `${side} ${name}`;
    const id = this.servers.get(key) ?? `server-${side}-${this.servers.size + 1}`;
    this.servers.set(key, id);
    return this.add(id, this.reads(side) ? name : 'a server of the other side', 'server');
  }
}

const rank = ({ id, kind }: Participant): number =>
  kind === 'server' ? (id.startsWith('server-originating') ? 2 : 3.5) : (ORDER[id] ?? 5);

/** Names of a caller who called privately, wherever they stand. */
const namesToHide = (events: readonly CallEvent[], caller: string | undefined): readonly string[] => {
  if (!events.some(({ type }) => type === 'CallerHidden')) return [];
  const names = events.flatMap(({ data }) => ('from' in data ? data.from : []));
  return [...new Set([...names, caller ?? ''])].filter((name) => name !== '');
};

/** The ladder of a call's events; undefined when there are none. */
export const ladderOf = (
  id: string,
  events: readonly RecordedEvent[],
  reader: Reader,
): Ladder | undefined => {
  const [first] = events;
  if (first === undefined) return undefined;
  const maker = new LadderMaker(reader);
  const happened = events.map(({ event }) => event as CallEvent);
  for (const [at, event] of happened.entries()) maker.take(event, events[at]!.timeMs);
  const caller = callerOf(happened);
  const hidden = reader === undefined || reader === caller ? [] : namesToHide(happened, caller);
  const told = (text: string): string =>
    hidden.reduce((shown, name) => shown.replaceAll(name, 'somebody private'), text);
  return {
    id,
    method: maker.methodName,
    begun_at: first.timeMs,
    participants: [...maker.participants.values()]
      .toSorted((a, b) => rank(a) - rank(b))
      .map((one) => ({ ...one, label: told(one.label) })),
    steps: maker.steps.map((step) => ({
      ...step,
      words: told(step.words),
      details: step.details.map(told),
    })),
  };
};
