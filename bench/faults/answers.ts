// What clients were told while something was down, and whether they should have been: only what the row of docs/architecture.md allows, only while it
// lasts, and at the latest so long after. Pure. Used by play.ts.

/** A request that ran into its client's own time-out. */
export const NO_ANSWER = 0;
/** No answer of a fault comes later than that after the fault has passed. */
export const AFTER_MS_MAX = 5_000;
/** What was on its way, and what a client sent before it could know. */
const IN_FLIGHT_MS = 1_000;

export type Answer = Readonly<{
  method: string;
  /** Final status, or NO_ANSWER. */
  status: number;
  /** A 401 to a request without credentials is part of every registration. */
  isChallenge: boolean;
  /** Of a 401 to credentials: who answered it was registered. */
  isAnswered?: boolean;
  /** Where it is known: of phones of ours. */
  retryAfter?: boolean;
  /** Of a 503: the client went to the other edge, and was registered there. */
  isTakenElsewhere?: boolean;
  /** Of SIPp's. */
  callId?: string;
  /** Number of the edge that was asked. */
  edge: number;
  /** Wall clock, as SIPp writes it. */
  sentMs: number;
  answeredMs: number;
}>;

/** What a row allows beside what is always right. */
export type Allowed = Readonly<{
  REGISTER?: readonly number[];
  INVITE?: readonly number[];
  BYE?: readonly number[];
  /** Only at this edge. */
  edge?: number;
  /** Only to what was on its way when it began. */
  isInFlightOnly?: boolean;
  /** What is allowed tells when to come again. */
  needsRetryAfter?: boolean;
  /** Only where the client was served by the other edge then. */
  isTakenElsewhere?: boolean;
  /** A challenge that nobody knows any more is asked anew (docs/adr/0019): only where the answer to that is taken. */
  isAnsweredAnew?: boolean;
}>;

export type Window = Readonly<{ beganMs: number; passedMs: number }>;

const isGood = ({ status, isChallenge }: Answer): boolean =>
  (status >= 200 && status < 300) || (status === 401 && isChallenge);

/** Why it should not have been told so; undefined: it may. */
const faultOf = (answer: Answer, allowed: Allowed, { beganMs, passedMs }: Window): string | undefined => {
  const { method, status, sentMs, answeredMs } = answer;
  const statuses: readonly number[] = allowed[method as 'REGISTER'] ?? [];
  if (!statuses.includes(status)) return 'the row does not allow it';
  if (allowed.edge !== undefined && answer.edge !== allowed.edge) return `at edge ${answer.edge}`;
  if (answeredMs < beganMs) return 'before the fault began';
  if (allowed.isInFlightOnly === true && sentMs > beganMs + IN_FLIGHT_MS)
    return `sent ${sentMs - beganMs} ms after it began`;
  const lateMs = (status === NO_ANSWER ? sentMs : answeredMs) - passedMs;
  if (lateMs > AFTER_MS_MAX) return `${Math.round(lateMs)} ms after it had passed`;
  if (allowed.needsRetryAfter === true && answer.retryAfter === false) return 'without Retry-After';
  if (allowed.isTakenElsewhere === true && answer.isTakenElsewhere !== true) return 'and was not served elsewhere';
  if (allowed.isAnsweredAnew === true && answer.isAnswered !== true) return 'and its answer was not taken';
  return undefined;
}; // prettier-ignore

export type Judged = Readonly<{
  /** By method and status: `REGISTER 500`. */
  counts: Readonly<Record<string, number>>;
  /** Of answers of the fault, the last one after it had passed, ms. */
  lastAfterMs: number;
  violations: readonly string[];
}>;

export const judgeAnswers = (
  answers: readonly Answer[],
  allowed: readonly Allowed[],
  window: Window,
): Judged => {
  const counts: Record<string, number> = {};
  const violations: string[] = [];
  let lastAfterMs = 0;
  for (const answer of answers) {
    const name = `${answer.method} ${answer.status === NO_ANSWER ? 'no answer' : answer.status}`;
    counts[name] = (counts[name] ?? 0) + 1;
    if (isGood(answer)) continue;
    lastAfterMs = Math.max(lastAfterMs, Math.round(answer.answeredMs - window.passedMs));
    const faults = allowed.map((one) => faultOf(answer, one, window));
    if (faults.includes(undefined)) continue;
    const atS = ((answer.sentMs - window.beganMs) / 1000).toFixed(1);
    const tookMs = Math.round(answer.answeredMs - answer.sentMs);
    violations.push(`${name} at ${atS} s after ${tookMs} ms: ${faults.join(', ') || 'nothing is allowed'}`);
  }
  return { counts, lastAfterMs, violations };
};

/** Call-IDs of calls that were carried from INVITE to BYE. */
export const carriedCalls = (answers: readonly Answer[]): readonly string[] => {
  const answered = (wanted: string): readonly string[] =>
    answers.flatMap(({ method, status, callId }) => (method === wanted && status === 200 && callId !== undefined ? [callId] : []));
  const begun = new Set(answered('INVITE'));
  return answered('BYE').filter((callId) => begun.has(callId));
}; // prettier-ignore
