// What became of calls, told to a tracing system once it is over. Nothing travels along for it: a trace is named by the call's ICID, which is in the request,
// its events and its records anyway. So every process comes to the same name, and to the same answer whether the call is traced at all; who does
// not trace has no Traces, and pays one comparison a call. Adapter: otlp-traces.ts. Told by the edge, the router, who appends, Ralf.

/** Which part of the core tells it: the service in the tracing system. */
export const TRACED_PARTS = ['bono', 'sprout', 'log', 'ralf'] as const;
export type TracedPart = (typeof TRACED_PARTS)[number];

/** Where it stands in the trace: `entry`: above all, where the call came in; `core`: below it, the router's first sight of it; `below`: below that one. */
export type SpanPlace = 'entry' | 'core' | 'below';

export type ToldSpan = Readonly<{
  part: TracedPart;
  /** What it did, in few fixed words: never a user's name or number. */
  name: string;
  place: SpanPlace;
  /** By the wall clock. */
  startMs: number;
  tookMs: number;
  /** An infrastructure fault: a user's refusal is none. */
  failed: boolean;
  /** Fixed names; numbers and words of the protocol, never what is personal. */
  attributes: Readonly<Record<string, string | number | boolean>>;
}>;

export interface Traces {
  /** Is this call one of those that are traced? The same in every process with the same share. */
  isTraced(icid: string): boolean;
  /** Of a call that is. Nobody waits: it is queued, or dropped and counted. */
  tell(icid: string, span: ToldSpan): void;
}
