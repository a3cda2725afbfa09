// One call as a ladder: who sent what to whom when, and the decision at each step in words, made of the call's events. What the other
// side of a call keeps to itself is left out: a callee learns nothing of how the caller was served, a caller nothing of where the callee's
// devices are, and nobody who it was that called privately. Read by live.ts.
import { callDetails, type CallEvent, callWords } from '#libs/domain';
import type { RecordedEvent } from '#libs/event-log';
import type { Ladder, LadderStep, Participant, ParticipantKind } from '../contract.js';

/** Which sides of the call the reader is on. */
export type Reader = Readonly<{ caller: boolean; callee: boolean }>;

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

const mayRead = (reader: Reader, side: Side | undefined): boolean =>
  side === undefined || (side === 'originating' ? reader.caller : reader.callee);

class LadderMaker {
  readonly participants = new Map<string, Participant>();
  readonly steps: LadderStep[] = [];
  private method = '';
  private last: Side | undefined;

  constructor(private readonly reader: Reader) {}

  get methodName(): string {
    return this.method;
  }

  take({ event: taken, timeMs: at }: RecordedEvent): void {
    const event = taken as CallEvent;
    const side = sideOf(event);
    if (side !== undefined) this.enter(side, event, at);
    const isKnown = mayRead(this.reader, side);
    const words = isKnown ? callWords(event) : 'decided on the other side';
    const details = isKnown ? callDetails(event) : [];
    this.show(event, side ?? this.last ?? 'originating', { at, words, details });
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
    const from = this.last === undefined ? this.add('caller', data.from ?? 'caller', 'caller') : ROUTER[this.last]; // prettier-ignore
    this.last = side;
    this.arrow(from, router, this.method, { at, words: `${this.method} to ${data.requestUri ?? 'the callee'}`, details: [] }); // prettier-ignore
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
        this.arrow(router, router, DECISION, said, event.data.targets.length === 0);
        if (event.data.targets.length > 0) {
          const label = this.reader.callee ? event.data.served : event.data.requestUri;
          const words = `rings ${this.reader.callee ? `${event.data.targets.length} device(s)` : 'the callee'}`;
          this.arrow(router, this.add('callee', label, 'callee'), event.data.method, { ...said, words, details: [] }); // prettier-ignore
        }
        return;
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
        return this.back('callee', event.data.status, { ...said, words: this.reader.callee ? said.words : `answered ${event.data.status}` }); // prettier-ignore
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

  /** An answer on its way back to the caller. */
  private back(from: string, status: number, said: Pick<LadderStep, 'at' | 'words' | 'details'>): void {
    this.add('caller', 'caller', 'caller');
    if (from === 'callee') this.add('callee', 'callee', 'callee');
    const way = ['callee', 'router-callee', 'router-caller', 'caller'].filter((id) => this.participants.has(id)); // prettier-ignore
    const begin = Math.max(0, way.indexOf(from));
    for (let at = begin; at + 1 < way.length; at++)
      this.arrow(way[at]!, way[at + 1]!, String(status), at === begin ? said : { ...said, details: [] }, status >= 400); // prettier-ignore
  }

  private server(name: string, side: Side): string {
    const id = `server-${side}-${name}`;
    return this.add(id, mayRead(this.reader, side) ? name : 'a server of the other side', 'server');
  }
}

const rank = ({ id, kind }: Participant): number =>
  kind === 'server' ? (id.startsWith('server-originating') ? 2 : 3.5) : (ORDER[id] ?? 5);

/** Names of a caller who called privately, wherever they stand. */
const namesToHide = (events: readonly RecordedEvent[]): string[] => {
  const names = new Set<string>();
  let isPrivate = false;
  for (const { event } of events as readonly Readonly<{ event: CallEvent }>[]) {
    if (event.type === 'ServiceApplied' && event.data.service === 'privacy' && event.data.role === 'originating')
      isPrivate = true;
    if ('from' in event.data) names.add(event.data.from);
    if (event.type === 'OriginatingServed') names.add(event.data.served);
  }
  return isPrivate ? [...names].filter((name) => name !== '') : [];
}; // prettier-ignore

/** The ladder of a call's events; undefined when there are none. */
export const ladderOf = (
  id: string,
  events: readonly RecordedEvent[],
  reader: Reader,
): Ladder | undefined => {
  const [first] = events;
  if (first === undefined) return undefined;
  const maker = new LadderMaker(reader);
  for (const event of events) maker.take(event);
  const hidden = reader.caller ? [] : namesToHide(events);
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
