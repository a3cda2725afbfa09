// Which application server comes next for a request: profile, then fallback criteria (TS 24.229 §5.4.3.2–3).
// Pure: the caller keeps the cursor with the request (ISC) and asks again when the request comes back.
import type { CompiledCriteria, Decision } from './compile-criteria.js';
import type { CriteriaSubject } from './criteria-subject.js';

export type ChainRules = Readonly<{
  criteria: CompiledCriteria;
  /** Asked only when nothing of the profile matched; absent: fallback is off. */
  fallback?: CompiledCriteria;
  /** A criterion for this server counts as a match, but no server is invoked. */
  dummyServer?: string;
  /** Refuse the request with 400 when nothing at all matched. */
  rejectIfNoMatching?: boolean;
}>;

/** Where the evaluation of a request stands. Plain data: it may be stored with an original dialog identifier. */
export type ChainCursor = Readonly<{ list: 'profile' | 'fallback'; next: number; matched: boolean }>;

export const CHAIN_START: ChainCursor = { list: 'profile', next: 0, matched: false };

export type ChainStep =
  /** Send the request to this criterion's server, and go on from `cursor` when it comes back. */
  | Readonly<{ kind: 'invoke'; decision: Decision; cursor: ChainCursor }>
  /** No more criteria: route the request. */
  | Readonly<{ kind: 'end'; matched: boolean }>
  /** Nothing matched and the operator wants such requests refused. */
  | Readonly<{ kind: 'reject'; status: 400 }>;

/** The next match from the cursor on; `trail`, when given, collects the decisions made on the way. */
export const nextInChain = (
  rules: ChainRules,
  subject: CriteriaSubject,
  cursor: ChainCursor = CHAIN_START,
  trail?: Decision[],
): ChainStep => {
  let { list, next, matched } = cursor;
  for (;;) {
    const criteria = (list === 'profile' ? rules.criteria : rules.fallback)?.criteria ?? [];
    for (; next < criteria.length; next++) {
      const decision = criteria[next]?.evaluate(subject);
      if (!decision) continue;
      trail?.push(decision);
      if (!decision.matched) continue;
      matched = true;
      if (decision.criterion.source.applicationServer.serverName === rules.dummyServer) continue;
      return { kind: 'invoke', decision, cursor: { list, next: next + 1, matched } };
    }
    if (list === 'fallback' || matched || !rules.fallback) break;
    list = 'fallback';
    next = 0;
  }
  return !matched && rules.rejectIfNoMatching ? { kind: 'reject', status: 400 } : { kind: 'end', matched };
};

export type ChainMatches = Readonly<{ invoke: readonly Decision[]; matched: boolean; reject: boolean }>;

/** Every match at once, judged on one request: for third-party registration. */
export const allInChain = (rules: ChainRules, subject: CriteriaSubject, trail?: Decision[]): ChainMatches => {
  const invoke: Decision[] = [];
  let step = nextInChain(rules, subject, CHAIN_START, trail);
  while (step.kind === 'invoke') {
    invoke.push(step.decision);
    step = nextInChain(rules, subject, step.cursor, trail);
  }
  return { invoke, matched: step.kind === 'end' && step.matched, reject: step.kind === 'reject' };
};
