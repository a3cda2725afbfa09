// The telephony application server (TS 24.173): asked by filter criteria like any other, it serves the user named in
// P-Served-User by that user's simservs document and gives the request back into its chain. Originating: barring, OIR, TIP.
// Terminating: privacy, diversion, barring, TIR. Waiting and hold are the phones' (TS 24.615, 24.610): passed as they are.
import {
  type BarringVerdict,
  judgeBarring,
  PRIVACY_NOT_GIVEN,
  restrictedCaller,
  shownToCallee,
  type Simservs,
} from '#libs/domain';
import {
  addrUri,
  aorOf,
  Edits,
  type EndpointUser,
  H,
  headerParam,
  type ServerTransaction,
  type SipMessage,
  tagOf,
  values,
} from '#libs/sip';
import { answerFault } from '../faults.js';
import { isOwn } from '../session/own-route.js';
import { CallSubject, privacyIn, type SubjectFacts } from './call-subject.js';
import type { MmtelPorts, MmtelSettings } from './mmtel.port.js';
import { ServedCall } from './served-call.js';
import { noteService } from './service-record.js';
import { UserServices } from './user-services.js';

type ServedUser = Readonly<{ impu: string; side: SubjectFacts['side'] }>;

/** RFC 5502; RFC 8498: who diverts a call originates it. */
const servedUserOf = (request: SipMessage): ServedUser | undefined => {
  const value = request.header(H.PServedUser);
  const impu = value === undefined ? undefined : aorOf(addrUri(value));
  if (value === undefined || impu === undefined) return undefined;
  const diverting = headerParam(value, 'orig-cdiv') !== undefined;
  const terminating = !diverting && headerParam(value, 'sescase')?.toLowerCase() === 'term';
  return { impu, side: terminating ? 'terminating' : 'originating' };
};

type Arrived = Readonly<{ serverUri: string; back: string; user: ServedUser }>;

/** undefined: it did not come by a filter criterion. */
const arrivalOf = (request: SipMessage, { ownHosts }: MmtelSettings): Arrived | undefined => {
  const [top, next] = values(request, H.Route).map(addrUri);
  const user = servedUserOf(request);
  if (top === undefined || next === undefined || user === undefined || !isOwn(top, ownHosts))
    return undefined;
  return { serverUri: top, back: next, user };
};

const refusalOf = (verdict: BarringVerdict): readonly [number, string] =>
  verdict.barred && verdict.status === 433 ? [433, 'Anonymity Disallowed'] : [603, 'Decline'];

/** An emergency call is never barred (TS 24.611 §4.5.2.4.1). */
const isEmergency = (requestUri: string): boolean => /^urn:service:sos\b/i.test(requestUri);

class TelephonyServer {
  private readonly services: UserServices;

  constructor(
    private readonly ports: MmtelPorts,
    private readonly settings: MmtelSettings,
  ) {
    this.services = new UserServices(ports);
  }

  serve(tx: ServerTransaction): void {
    const arrived = arrivalOf(tx.request, this.settings);
    if (arrived === undefined) return tx.reply(403, 'Forbidden');
    const services = this.services.of(arrived.serverUri, arrived.user.impu);
    if (!(services instanceof Promise)) return this.apply(tx, arrived, services);
    tx.onCancel = () => tx.reply(487, 'Request Terminated');
    services
      .then((known) => {
        if (!tx.answered) this.apply(tx, arrived, known);
      })
      .catch((error: unknown) => answerFault(tx, error, this.ports));
  }

  private apply(tx: ServerTransaction, { user, back }: Arrived, services: Simservs): void {
    const { ports, settings } = this;
    const { request } = tx;
    const { homeDomain, homeCountry } = settings;
    const nowMs = (): number => ports.clock.nowMs();
    const facts = { request, requestUri: request.requestUri, side: user.side, served: user.impu, homeDomain, homeCountry, nowMs }; // prettier-ignore
    const originating = user.side === 'originating';
    const privacy = originating
      ? restrictedCaller(services.originatingIdentityRestriction, privacyIn(request))
      : undefined;
    const wishes = privacy === undefined ? privacyIn(request) : new Set(privacy.split(';'));
    const shown = shownToCallee(wishes, originating ? {} : services);
    if (shown === undefined) return this.refusePrivacy(tx, facts);

    const call = new ServedCall({ ports, tx, facts, services, back, shown, privacy });
    // A callee's diversion goes before its barring: who is barred may still be sent to somebody else.
    if (call.divertsOnArrival()) return call.divertOnArrival();
    const rules = originating ? services.outgoingBarring : services.incomingBarring;
    const verdict = isEmergency(facts.requestUri)
      ? ({ barred: false } as const)
      : judgeBarring(rules, new CallSubject(facts, undefined));
    if (verdict.barred) {
      const { rule, status } = verdict;
      noteService(ports, facts, {
        service: 'barring',
        rule,
        why: originating ? 'outgoing' : 'incoming',
        status,
      });
      return this.refuse(tx, refusalOf(verdict), 'barred');
    }
    call.offer();
  }

  /**
   * Who insists on what cannot be given gets no call without it: a server that has said nothing before its 500 would be passed
   * over by the default handling of its criterion, and the call made after all.
   */
  private refusePrivacy(tx: ServerTransaction, facts: SubjectFacts): void {
    const why = 'session privacy is critical and cannot be given';
    noteService(this.ports, facts, { service: 'privacy', rule: 'Privacy', why, status: PRIVACY_NOT_GIVEN });
    if (tx.request.method === 'INVITE') tx.reply(183, 'Session Progress');
    this.refuse(tx, [PRIVACY_NOT_GIVEN, 'Session Privacy Cannot Be Given'], 'privacy-not-given');
  }

  private refuse(tx: ServerTransaction, [status, reason]: readonly [number, string], kind: string): void {
    this.ports.observer.count(kind);
    tx.reply(status, reason);
  }
}

/** Of dialogs, only those whose caller is hidden come by here. */
const withinPrivateDialog = (ports: MmtelPorts, tx: ServerTransaction): void => {
  const { request } = tx;
  const { privateDialogs } = ports;
  const edits = new Edits(request);
  const on = privateDialogs.goOn(request, edits);
  if (on === undefined) return tx.reply(481, 'Call/Transaction Does Not Exist');
  const response = (answer: SipMessage, changes: Edits): void =>
    privateDialogs.answer(request, on.side, answer, changes);
  const proxy = ports.endpoint().proxy(tx, { response });
  proxy.fork(edits, on.hop, undefined);
  proxy.seal();
};

/** The endpoint user that is the telephony server. */
export const createMmtel = (ports: MmtelPorts, settings: MmtelSettings): EndpointUser => {
  const server = new TelephonyServer(ports, settings);
  return {
    request(tx) {
      const { request } = tx;
      // A third-party REGISTER is noted by being answered: services go by P-Served-User, not by registrations.
      if (request.method === 'REGISTER') return tx.reply(200, 'OK');
      if (request.method === 'CANCEL') return tx.reply(481, 'Call/Transaction Does Not Exist');
      if (tagOf(request.header(H.To)!) !== '') return withinPrivateDialog(ports, tx);
      if (request.method === 'OPTIONS' && request.header(H.Route) === undefined) return tx.reply(200, 'OK');
      server.serve(tx);
    },
    ack(request) {
      const edits = new Edits(request);
      const on = ports.privateDialogs.goOn(request, edits);
      if (on === undefined) return ports.observer.count('ack-dropped');
      ports.endpoint().sendStateless(edits, on.hop);
    },
  };
};
