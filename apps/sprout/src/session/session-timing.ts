// Session timers at the router (RFC 4028 §8): each INVITE and UPDATE leaves it with an interval by which the session is to be refreshed,
// and a caller who knows timers refreshes for a callee who does not. Nothing is kept beyond the transaction: a session without a
// refresh is told to charging by its interval.
import { decideRefresh, type RefreshDecision, refreshLacking, type SessionTimerPolicy } from '#libs/domain';
import { type Edits, H, hasOption, type ProxyUser, secondsOf, type SipMessage } from '#libs/sip';

const isRefresh = (method: string): boolean => method === 'INVITE' || method === 'UPDATE';
const PARAMETERS = /^\s*\d+/;

/** An interval with its parameters as they came: `refresher` is the caller's to say. */
const withSeconds = (stated: string | undefined, seconds: number): string =>
  stated === undefined ? String(seconds) : stated.replace(PARAMETERS, String(seconds));

export const tooSmall = (minS: number): string => `Min-SE: ${minS}\r\n`;

/** What one transaction remembers of the interval that it asked for. */
export class SessionTiming implements Pick<ProxyUser, 'response'> {
  readonly kind = 'forward';

  private constructor(
    private readonly asked: Extract<RefreshDecision, { kind: 'forward' }>,
    private readonly isChanged: boolean,
    private readonly knowsTimers: boolean,
  ) {}

  /** `too-small`: the request is to be refused. undefined: it refreshes no session, or nobody here asks for timers. */
  static of(
    request: SipMessage,
    policy: SessionTimerPolicy,
  ): SessionTiming | Extract<RefreshDecision, { kind: 'too-small' }> | undefined {
    if (policy.targetS === 0 || !isRefresh(request.method)) return undefined;
    const expiresS = secondsOf(request, H.SessionExpires);
    // What cannot be read is the callee's to refuse.
    if (expiresS === undefined && request.has(H.SessionExpires)) return undefined;
    const knowsTimers = hasOption(request, H.Supported, 'timer');
    const decision = decideRefresh({ expiresS, minS: secondsOf(request, H.MinSe), knowsTimers }, policy);
    if (decision.kind === 'too-small') return decision;
    return new SessionTiming(decision, decision.expiresS !== expiresS, knowsTimers);
  }

  /** On every branch of the request. */
  writeTo(edits: Edits): void {
    const { expiresS, minS } = this.asked;
    if (this.isChanged)
      edits.replace(H.SessionExpires, withSeconds(edits.message.header(H.SessionExpires), expiresS));
    if (minS !== undefined) edits.replace(H.MinSe, String(minS));
  }

  /** For ProxyUser.response, of 2xx that come later too. */
  response(response: SipMessage, edits: Edits): void {
    const { status } = response;
    if (status < 200 || status >= 300 || response.has(H.SessionExpires)) return;
    const lackingS = this.#lacking(undefined);
    if (lackingS === undefined) return;
    edits.append(H.SessionExpires, `${lackingS};refresher=uac`);
    if (!hasOption(response, H.Require, 'timer')) edits.append(H.Require, 'timer');
  }

  /** By when the session that a 2xx began, or refreshed, is to be refreshed, s; undefined: never. */
  intervalOf(response: SipMessage): number | undefined {
    const answeredS = secondsOf(response, H.SessionExpires);
    return answeredS ?? this.#lacking(answeredS);
  }

  #lacking(answeredS: number | undefined): number | undefined {
    return refreshLacking(answeredS, { askedS: this.asked.expiresS, knowsTimers: this.knowsTimers });
  }
}
