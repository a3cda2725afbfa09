// The filter criteria of one side of a session, asked of the request as it stands (TS 29.228 Annex B, TS 24.229 §5.4.3).
import {
  CHAIN_START,
  type ChainCursor,
  type CompiledCriteria,
  type Criteria,
  type CriteriaSubject,
  describeDecision,
  type MatchedCriterion,
  nextInChain,
  type SessionCase,
} from '#libs/domain';
import { H, HEADER_IDS, HEADER_NAMES, LINE_STRIDE, type SipMessage, UNKNOWN_HEADER, unfold } from '#libs/sip';

const NOTHING: readonly MatchedCriterion[] = [];
const NO_VALUES: readonly string[] = [];
/** Application servers are not asked yet: docs/roadmap.md. */
const NOT_ASKED = 'application servers are not invoked by this version';

/** A request as the evaluator reads it; nothing is taken apart until a trigger asks. */
class RequestSubject implements CriteriaSubject {
  readonly method: string;
  private names: readonly string[] | undefined;

  constructor(
    private readonly request: SipMessage,
    readonly requestUri: string,
    readonly sessionCase: SessionCase,
  ) {
    this.method = request.method;
  }

  /** Made for the first trigger that asks. */
  headerNames(): readonly string[] {
    return (this.names ??= this.readNames());
  }

  private readNames(): readonly string[] {
    const { request } = this;
    const names: string[] = [];
    for (let line = 0; line < request.lineCount; line++)
      names.push(HEADER_NAMES[request.lines[line * LINE_STRIDE]!] ?? request.lineName(line));
    return names;
  }

  headerValues(name: string): readonly string[] {
    const { request } = this;
    const lower = name.toLowerCase();
    const id = HEADER_IDS.get(lower) ?? UNKNOWN_HEADER;
    let found: string[] | undefined;
    for (let line = 0; line < request.lineCount; line++)
      if (
        request.lines[line * LINE_STRIDE] === id &&
        (id !== UNKNOWN_HEADER || request.lineName(line).toLowerCase() === lower)
      )
        (found ??= []).push(unfold(request.lineValue(line)));
    return found ?? NO_VALUES;
  }

  sdp(): string {
    const type = this.request.header(H.ContentType);
    return type !== undefined && /^\s*application\/sdp\b/i.test(type) ? this.request.body : '';
  }
}

/** Which criteria match, in order, and why. */
export const matchCriteria = (
  request: SipMessage,
  requestUri: string,
  sessionCase: SessionCase,
  criteria: CompiledCriteria,
): Criteria => {
  const evaluated = criteria.criteria.length;
  if (evaluated === 0) return { evaluated, matched: NOTHING };
  const subject = new RequestSubject(request, requestUri, sessionCase);
  let matched: MatchedCriterion[] | undefined;
  let cursor: ChainCursor = CHAIN_START;
  for (;;) {
    const step = nextInChain({ criteria }, subject, cursor);
    if (step.kind !== 'invoke') return { evaluated, matched: matched ?? NOTHING };
    const { source } = step.decision.criterion;
    (matched ??= []).push({
      priority: source.priority,
      server: source.applicationServer.serverName,
      trigger: describeDecision(step.decision),
      invoked: false,
      why: NOT_ASKED,
    });
    cursor = step.cursor;
  }
};
