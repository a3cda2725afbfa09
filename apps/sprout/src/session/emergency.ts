// The E-CSCF: an emergency call goes to the operator's emergency centres, one after the other, whoever calls and whatever that user's
// services and bars are (TS 24.229 §5.11.2, TS 23.167 §6.2.2). Where none takes it the phone is told to call another way: 380, never
// 404 or 480. Used by sprout.ts.
import type { CallEvent } from '#libs/domain';
import {
  alternativeService,
  type Branch,
  Edits,
  H,
  type ProxyContext,
  type ProxyUser,
  type ServerTransaction,
  uriParam,
  withUriParam,
} from '#libs/sip';
import { chargeEmergency, noteCall } from './call-record.js';
import { traceSession } from './session-trace.js';
import { makesDialog, type Arrival, type Session, type SessionContext, startSession } from './session.js';

/** An emergency centre's own word: it was reached. */
const ITS_WORD: ReadonlySet<number> = new Set([486, 487, 600, 603]);

const alternative = () => alternativeService('No emergency centre can be reached');

class EmergencyCall implements ProxyUser<undefined> {
  #context: ProxyContext<undefined> | undefined;
  #asked = 0;
  #cancelled = false;

  constructor(
    private readonly context: SessionContext,
    private readonly session: Session,
  ) {}

  start(): void {
    const { ports, settings } = this.context;
    const { tx, requestUri, icid } = this.session;
    const routes = settings.emergencyRoutes;
    noteCall(ports, icid, [
      { type: 'BreakoutChosen', data: { requestUri: tx.request.requestUri, rule: requestUri, routes } },
    ]);
    this.#context = ports.endpoint().proxy<undefined>(tx, this);
    if (!this.#askNext()) this.#giveUp();
    this.#context.seal();
  }

  branchFailed(_branch: Branch<undefined>, status: number): 'count' | 'retry' {
    if (this.#cancelled || ITS_WORD.has(status)) return 'count';
    if (!this.#askNext()) this.#giveUp();
    return 'retry';
  }

  cancelled(): void {
    this.#cancelled = true;
  }

  completed(status: number): void {
    this.#tell(status);
  }

  /** False: there is no other. */
  #askNext(): boolean {
    const { ports, settings } = this.context;
    const route = settings.emergencyRoutes[this.#asked++];
    if (route === undefined) return false;
    if (this.#asked > 1) ports.observer.count('emergency-next');
    const edits = this.#edits(route);
    return (
      this.#context!.fork(edits, { kind: 'uri', uri: route, listener: 'scscf' }, undefined) !== undefined
    );
  }

  #edits(route: string): Edits {
    const { ports, settings } = this.context;
    const { tx, requestUri, icid, dialog } = this.session;
    const edits = new Edits(tx.request);
    edits.remove(H.Route);
    if (tx.request.requestUri !== requestUri) edits.requestUri(requestUri);
    if (makesDialog(tx.request)) {
      const mark = { role: 'charge-orig', icid, dialog, open: true } as const;
      edits.prepend(
        H.RecordRoute,
        ports.dialogMarks.recordRoute(`sip:${settings.iscHost};transport=tcp`, mark),
      );
    }
    edits.prepend(H.Route, `<${uriParam(route, 'lr') === undefined ? withUriParam(route, 'lr') : route}>`);
    return edits;
  }

  #giveUp(): void {
    const { headers, body } = alternative();
    this.context.ports.observer.count('emergency-refused');
    this.#context!.reply(380, 'Alternative Service', headers, body);
  }

  #tell(status: number): void {
    const { ports } = this.context;
    const { session } = this;
    const isAnswered = status < 300;
    traceSession(ports, session, status);
    const event: CallEvent = isAnswered
      ? { type: 'CallAnswered', data: { status } }
      : { type: 'CallFailed', data: { status, cancelled: this.#cancelled } };
    noteCall(ports, session.icid, [event]);
    if (isAnswered && session.tx.request.method === 'INVITE')
      chargeEmergency(ports, session, ports.clock.nowMs());
  }
}

/** `service`: the URN of RFC 5031 that the call is for. */
export const emergencyCall = (
  context: SessionContext,
  tx: ServerTransaction,
  arrival: Arrival,
  service: string,
): void => {
  const { ports, settings } = context;
  ports.observer.count('emergency');
  if (settings.emergencyRoutes.length === 0) {
    const { headers, body } = alternative();
    ports.observer.count('emergency-refused');
    return tx.reply(380, 'Alternative Service', headers, body);
  }
  const session = startSession(context, tx, arrival);
  session.requestUri = service;
  new EmergencyCall(context, session).start();
};
