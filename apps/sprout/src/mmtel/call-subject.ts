// A request as the rules of services ask about it (libs/domain/src/simservs). Nothing is taken apart until a rule asks.
import {
  ANONYMOUS_URI,
  type CallOutcome,
  diversionsSoFar,
  isPrivate,
  privacyOf,
  type RuleSubject,
  type Trail,
} from '#libs/domain';
import { addrUri, H, type SipMessage, unquote, values } from '#libs/sip';
import { leadsAbroad } from './number-country.js';

export type SubjectFacts = Readonly<{
  request: SipMessage;
  /** As the call came to the server. */
  requestUri: string;
  side: 'originating' | 'terminating';
  /** The user whose rules they are. */
  served: string;
  homeDomain: string;
  homeCountry: string;
  nowMs: () => number;
}>;

export const privacyIn = (message: SipMessage): ReadonlySet<string> => privacyOf(values(message, H.Privacy));

export const trailOf = (message: SipMessage): Trail => ({
  historyInfo: values(message, H.HistoryInfo),
  diversion: values(message, H.Diversion),
});

/** m= lines of an SDP body, in whatever body carries one (RFC 4566 §5.14). */
const MEDIA = /^m=([a-z]{1,20})[ \t]/gm;

export class CallSubject implements RuleSubject {
  constructor(
    private readonly facts: SubjectFacts,
    readonly outcome: CallOutcome | undefined,
  ) {}

  get nowMs(): number {
    return this.facts.nowMs();
  }

  parties(): readonly string[] {
    const { side, requestUri } = this.facts;
    return side === 'originating' ? [requestUri] : this.callers();
  }

  anonymous(): boolean {
    const { request } = this.facts;
    return (
      isPrivate(privacyIn(request)) ||
      addrUri(request.header(H.From)!).toLowerCase().startsWith(ANONYMOUS_URI)
    );
  }

  media(): readonly string[] {
    const { request } = this.facts;
    const type = request.header(H.ContentType)?.toLowerCase() ?? '';
    if (!type.includes('application/sdp') && !type.includes('multipart/')) return [];
    return [...request.body.matchAll(MEDIA)].map(([, media]) => media!);
  }

  diverted(): boolean {
    return diversionsSoFar(trailOf(this.facts.request)) > 0;
  }

  international(): boolean {
    const { side, requestUri, served, homeCountry } = this.facts;
    if (side === 'terminating')
      return this.callers().some((caller) => leadsAbroad(caller, [served], homeCountry));
    return leadsAbroad(requestUri, [served, ...this.callers()], homeCountry);
  }

  /** Where the caller is, is said by the edge that it came by; where a callee is, nothing says. */
  roaming(): boolean {
    const { request, side, homeDomain } = this.facts;
    const visited = request.header(H.PVisitedNetworkId);
    if (side === 'terminating' || visited === undefined) return false;
    return unquote(visited.split(';', 1)[0]!.trim()).toLowerCase() !== homeDomain.toLowerCase();
  }

  /** Asserted identities, else who the caller says it is. */
  private callers(): readonly string[] {
    const { request } = this.facts;
    const asserted = values(request, H.PAssertedIdentity);
    return (asserted.length > 0 ? asserted : [request.header(H.From)!]).map(addrUri);
  }
}
