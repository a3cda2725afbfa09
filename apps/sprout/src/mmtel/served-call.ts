// One request on its way through the telephony server: what its headers become towards the callee and back to the caller,
// and where it goes when the callee does not take it (TS 24.604 §4.5.2.6, TS 24.607, TS 24.608). Made by mmtel.ts.
import {
  type CallerShown,
  type CallOutcome,
  chooseDiversion,
  DEFLECTION,
  DEFLECTION_WHILE_RINGING,
  divert,
  type DiversionChoice,
  hideCallee,
  mayDivert,
  outcomeOf,
  restrictedCallee,
  type Simservs,
  watchesOutcome,
} from '#libs/domain';
import {
  addrUri,
  type Branch,
  Edits,
  H,
  type NextHop,
  parseUri,
  type ProxyContext,
  type ProxyUser,
  type ServerTransaction,
  type SipMessage,
  values,
  withoutUriHeaders,
} from '#libs/sip';
import { CallSubject, privacyIn, type SubjectFacts, trailOf } from './call-subject.js';
import { makesDialog } from '../session/session.js';
import { MMTEL_LISTENER } from './mmtel-listener.js';
import type { MmtelPorts } from './mmtel.port.js';
import { anonymousFrom } from './private-dialog.js';
import { noteService } from './service-record.js';

/** A leg to the callee, or to where it was diverted to. */
type Leg = 'callee' | 'diverted';

export type ServedCallOptions = Readonly<{
  ports: MmtelPorts;
  tx: ServerTransaction;
  facts: SubjectFacts;
  services: Simservs;
  /** URI of the Route back into the chain that the request came from. */
  back: string;
  shown: CallerShown;
  /** Privacy to go on with; undefined: as it came. */
  privacy: string | undefined;
}>;

const FORWARDED = [181, 'Call Is Being Forwarded'] as const;

export class ServedCall implements ProxyUser<Leg> {
  private rang = false;
  private diverted = false;
  private stopTimer: (() => void) | undefined;
  private proxy: ProxyContext<Leg> | undefined;

  constructor(private readonly options: ServedCallOptions) {}

  /** Do the callee's rules divert it before it is offered to anybody? (TS 24.604 §4.5.2.6.1) */
  divertsOnArrival(): boolean {
    return this.diverts && this.choose(undefined) !== undefined;
  }

  /** Offers the call to the callee, or sends it on for the caller. */
  offer(): void {
    const proxy = this.begin();
    proxy.fork(this.towardsCallee(), this.hop(), 'callee');
    proxy.seal();
  }

  /** Sends the call where it is diverted to; 480 when that is nowhere, or when it was diverted too often. */
  divertOnArrival(): void {
    const proxy = this.begin();
    if (this.divertFor(undefined)) proxy.seal();
    else proxy.reply(480, 'Temporarily Unavailable');
  }

  private begin(): ProxyContext<Leg> {
    const { tx, ports } = this.options;
    tx.onCancel = undefined; // from here on the response context is told
    return (this.proxy = ports.endpoint().proxy<Leg>(tx, this));
  }

  // ---- What becomes of the call ----

  provisional(branch: Branch<Leg>, status: number): void {
    if (status !== 180 || branch.label !== 'callee' || this.rang) return;
    this.rang = true;
    const { services, ports } = this.options;
    if (!this.diverts || this.choose('no-answer') === undefined) return;
    const waitMs = services.communicationDiversion!.noReplyTimerS * 1000;
    this.stopTimer = ports.clock.after(waitMs, () => this.notAnswered(branch));
  }

  branchFailed(branch: Branch<Leg>, status: number, response: SipMessage | undefined): 'count' | 'retry' {
    if (branch.label !== 'callee' || this.options.tx.cancelled) return 'count';
    this.stop();
    if (!this.diverts) return 'count';
    if (status === 302) return this.deflect(response) ? 'retry' : 'count';
    const outcome = outcomeOf(status, this.rang);
    return outcome !== undefined && this.divertFor(outcome, status) ? 'retry' : 'count';
  }

  cancelled(): void {
    this.stop();
  }

  completed(): void {
    this.stop();
  }

  private stop(): void {
    this.stopTimer?.();
    this.stopTimer = undefined;
  }

  private notAnswered(branch: Branch<Leg>): void {
    this.stopTimer = undefined;
    if (!branch.ended) this.divertFor('no-answer', undefined, branch);
  }

  // ---- Diversion ----

  /** INVITEs to a callee only; once an invocation. */
  private get diverts(): boolean {
    const { facts, tx } = this.options;
    return facts.side === 'terminating' && tx.request.method === 'INVITE' && !this.diverted;
  }

  private choose(outcome: CallOutcome | undefined) {
    const { services, facts } = this.options;
    const { communicationDiversion } = services;
    if (outcome !== undefined && !watchesOutcome(communicationDiversion)) return undefined;
    return chooseDiversion(communicationDiversion, new CallSubject(facts, outcome));
  }

  private divertFor(outcome: CallOutcome | undefined, status?: number, instead?: Branch<Leg>): boolean {
    if (!this.diverts) return false;
    const choice = this.choose(outcome);
    return choice !== undefined && this.divertTo(choice, status, instead);
  }

  /** The callee's device says where to itself: as its user has diversion, it may. */
  private deflect(response: SipMessage | undefined): boolean {
    const [contact] = response === undefined ? [] : values(response, H.Contact);
    if (contact === undefined || this.options.services.communicationDiversion?.active !== true) return false;
    const target = withoutUriHeaders(addrUri(contact));
    const forwardTo = { target, notifyCaller: true, revealToTarget: true };
    const cause = this.rang ? DEFLECTION_WHILE_RINGING : DEFLECTION;
    return this.divertTo({ rule: 'its device', forwardTo, cause }, 302);
  }

  private divertTo(
    { rule, forwardTo, cause }: DiversionChoice,
    status?: number,
    instead?: Branch<Leg>,
  ): boolean {
    const { tx, ports, facts } = this.options;
    const { target, notifyCaller, revealToTarget } = forwardTo;
    const trail = trailOf(tx.request);
    if (!mayDivert(trail)) {
      ports.observer.count('diversion-limit');
      return false;
    }
    if (!isCallable(target)) {
      ports.observer.count('diversion-nowhere');
      return false;
    }
    const diverted = divert(trail, {
      from: facts.requestUri,
      target,
      cause,
      secret: !revealToTarget,
      ...(status === undefined ? {} : { status }),
    });
    const edits = this.commonEdits();
    edits.requestUri(diverted.requestUri);
    edits.replace(H.HistoryInfo, diverted.historyInfo.join(', '));
    edits.prepend(H.Diversion, diverted.diversion);
    if (notifyCaller) tx.reply(...FORWARDED);
    if (instead !== undefined) this.proxy?.abandon(instead, 'SIP;cause=408;text="No answer"');
    if (this.proxy?.fork(edits, this.hop(), 'diverted') === undefined) return false;
    this.diverted = true;
    ports.observer.count('diverted');
    noteService(ports, facts, {
      service: 'diversion',
      rule,
      why: cause.reason,
      target: diverted.requestUri,
    });
    return true;
  }

  // ---- Headers ----

  private hop(): NextHop {
    return { kind: 'uri', uri: this.options.back, listener: MMTEL_LISTENER };
  }

  /** What every leg has: this server off the Route, the caller as anonymous as it wishes to be. */
  private commonEdits(): Edits {
    const { tx, shown, privacy } = this.options;
    const { request } = tx;
    const edits = new Edits(request);
    edits.popValue(H.Route);
    if (privacy !== undefined) edits.replace(H.Privacy, privacy);
    if (shown.anonymousFrom) this.makeAnonymous(request, edits);
    for (const name of shown.remove) edits.removeNamed(name);
    return edits;
  }

  private makeAnonymous(request: SipMessage, edits: Edits): void {
    const { privateDialogs } = this.options.ports;
    edits.replace(H.From, anonymousFrom(request));
    if (makesDialog(request)) privateDialogs.begin(request, edits);
  }

  /** Asserted identities stay while the call is between trusted networks, and where it was diverted to. */
  private towardsCallee(): Edits {
    const edits = this.commonEdits();
    if (this.options.facts.side === 'terminating' && this.options.shown.hideAsserted)
      edits.remove(H.PAssertedIdentity);
    return edits;
  }

  response(response: SipMessage, edits: Edits): void {
    const { facts, services, shown, tx } = this.options;
    // The caller sees its own From, by which some tell their dialogs (RFC 3261 §8.2.6.2).
    if (shown.anonymousFrom) edits.replace(H.From, tx.request.header(H.From)!);
    const privacy = privacyIn(response);
    if (facts.side === 'originating') {
      if (hideCallee(privacy, services)) edits.remove(H.PAssertedIdentity);
      return;
    }
    const restricted = restrictedCallee(services.terminatingIdentityRestriction, privacy);
    if (restricted !== undefined) edits.replace(H.Privacy, restricted);
  }
}

/** Anything else as a target is where the call ends, not a request that nobody can route. */
const isCallable = (target: string): boolean => {
  const parsed = parseUri(target);
  if (!parsed.ok) return false;
  const { scheme } = parsed.uri;
  return scheme === 'sip' || scheme === 'sips' || scheme === 'tel';
};
