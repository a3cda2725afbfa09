// One side's chain of application servers: whose it is, what it goes by, and how far it has come (TS 23.218 §5.2).
// Started by served.ts, run by initial-request.ts, kept between servers as a ChainLink. What it goes by is fixed at its start.
import {
  CHAIN_START,
  type ChainCursor,
  type ChainRules,
  type Criteria,
  type Decision,
  describeDecision,
  type MatchedCriterion,
  nextInChain,
  type Role,
  type SessionCase,
} from '#libs/domain';
import type { SipMessage } from '#libs/sip';
import { RequestSubject } from './request-subject.js';

/** A user that one side of the session serves. */
export type Served = Readonly<{
  impu: string;
  /** Names the registration row: default IMPU of the implicit registration set. */
  aor: string;
  registered: boolean;
  /** The user's public identities, this one among them. */
  aliases: readonly string[];
  ccf: readonly string[];
  ecf: readonly string[];
}>;

export type Chain = {
  readonly role: Role;
  readonly sessionCase: SessionCase;
  readonly served: Served;
  readonly rules: ChainRules;
  /** It came back from a server: another transaction started it. */
  readonly resumed: boolean;
  cursor: ChainCursor;
  matched: readonly MatchedCriterion[];
  /** No more criteria. */
  ended: boolean;
};

const NOTHING: readonly MatchedCriterion[] = [];
const NOT_ASKED = 'the dummy application server is never asked';

export const startChain = (
  role: Role,
  sessionCase: SessionCase,
  served: Served,
  rules: ChainRules,
): Chain => ({
  role,
  sessionCase,
  served,
  rules,
  resumed: false,
  cursor: CHAIN_START,
  matched: NOTHING,
  ended: false,
});

/** What the chain's criteria said so far, as call events keep it. */
export const criteriaOf = ({ rules, cursor, matched }: Chain): Criteria => ({
  evaluated:
    rules.criteria.criteria.length + (cursor.list === 'fallback' ? rules.fallback!.criteria.length : 0),
  matched,
});

const matchedBy = (decision: Decision, invoked: boolean): MatchedCriterion => {
  const { priority, applicationServer } = decision.criterion.source;
  return {
    priority,
    server: applicationServer.serverName,
    trigger: describeDecision(decision),
    invoked,
    ...(invoked ? {} : { why: NOT_ASKED }),
  };
};

export type ChainTurn =
  Readonly<{ kind: 'invoke'; decision: Decision }> | Readonly<{ kind: 'end' }> | Readonly<{ kind: 'reject' }>;

const END: ChainTurn = { kind: 'end' };
const REJECT: ChainTurn = { kind: 'reject' };

/** Whom to ask next about the request as it stands; the chain remembers how far that was. */
export const turnOf = (chain: Chain, request: SipMessage, requestUri: string): ChainTurn => {
  const { rules, sessionCase, served } = chain;
  if (chain.ended) return END;
  if (rules.criteria.criteria.length === 0 && rules.fallback === undefined && !rules.rejectIfNoMatching) {
    chain.ended = true;
    return END;
  }
  const subject = new RequestSubject(request, requestUri, sessionCase, served.registered);
  const trail: Decision[] | undefined = rules.dummyServer === undefined ? undefined : [];
  const step = nextInChain(rules, subject, chain.cursor, trail);
  for (const decision of trail ?? [])
    if (decision.matched && decision.criterion.source.applicationServer.serverName === rules.dummyServer)
      chain.matched = [...chain.matched, matchedBy(decision, false)];
  if (step.kind === 'invoke') {
    chain.cursor = step.cursor;
    chain.matched = [...chain.matched, matchedBy(step.decision, true)];
    return { kind: 'invoke', decision: step.decision };
  }
  chain.ended = true;
  return step.kind === 'reject' ? REJECT : END;
};
