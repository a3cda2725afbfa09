// What happened to a call, as events: decisions to `calls`, chargeable facts to `charging`. Never in the caller's way:
// an append that fails is counted, the call goes on (docs/architecture.md §6).
import {
  type CallEvent,
  type ChargingEvent,
  type ChargingParties,
  type ChosenTarget,
  hidingLevels,
  privacyOf,
  type Retargeting,
  type Role,
  streamOfCall,
  streamOfCharging,
} from '#libs/domain';
import { callingParty, H, values } from '#libs/sip';
import type { SproutPorts } from '../ports.js';
import { chargedDialog, type DialogMark } from './own-route.js';
import { type Chain, criteriaOf, type Served } from '../isc/chain.js';
import type { AskedServer } from '../isc/invocation.js';
import type { CallNames, Session } from './session.js';
import type { Target } from '../ringing/targets.js';

type RecordPorts = Pick<SproutPorts, 'calls'>;

const note = (
  { calls }: RecordPorts,
  stream: string,
  events: readonly (CallEvent | ChargingEvent)[],
): void => {
  if (events.length > 0) calls.note(stream, events);
};

export const noteCall = (ports: RecordPorts, icid: string, events: readonly CallEvent[]): void =>
  note(ports, streamOfCall(icid), events);

const requestOf = ({ tx, callId, from, to, requestUri }: Session) => ({
  method: tx.request.method,
  callId,
  from,
  to,
  requestUri,
});

const servedBy = (chain: Chain) => ({
  served: chain.served.impu,
  registered: chain.served.registered,
  criteria: criteriaOf(chain),
});

/** Once a transaction, when the originating chain is at its end; nothing where there is none. */
const originatingServed = (session: Session): readonly CallEvent[] => {
  const chain = session.originating;
  if (chain === undefined || session.originatingTold || !chain.ended) return [];
  session.originatingTold = true;
  return [
    {
      type: 'OriginatingServed',
      data: { ...requestOf(session), ...servedBy(chain), next: session.requestUri },
    },
  ];
};

/**
 * Once a transaction, when the caller's own servers have had their say. A callee's server that gave the request back was told of
 * the caller before.
 */
const callerHidden = (session: Session): readonly CallEvent[] => {
  const { tx, originating, terminating } = session;
  if (session.hiddenTold || originating?.ended === false || terminating?.resumed === true) return [];
  if (tx.request.header(H.Privacy) === undefined) return [];
  session.hiddenTold = true;
  const privacy = hidingLevels(privacyOf(values(tx.request, H.Privacy))).join(';');
  return privacy === '' ? [] : [{ type: 'CallerHidden', data: { method: tx.request.method, privacy } }];
};

/** What has to stand before anything that is told of where the request goes next. */
export const openingEvents = (session: Session): readonly CallEvent[] => [
  ...originatingServed(session),
  ...callerHidden(session),
];

export const terminatingServed = (session: Session, chain: Chain, targets: readonly Target[]): CallEvent => ({
  type: 'TerminatingServed',
  data: {
    ...requestOf(session),
    ...servedBy(chain),
    targets: chosen(targets),
  },
});

const chosen = (targets: readonly Target[]): readonly ChosenTarget[] =>
  targets.map(({ binding: { bindingId, contact } }) => ({ bindingId, contact }));

export const nextTargetsRung = (
  targets: readonly Target[],
  why: Extract<CallEvent, { type: 'NextTargetsRung' }>['data']['why'],
): CallEvent => ({ type: 'NextTargetsRung', data: { targets: chosen(targets), why } });

export const serverInvoked = (
  session: Session,
  chain: Chain,
  asked: AskedServer,
  { trigger, handling }: Pick<Extract<CallEvent, { type: 'ServerInvoked' }>['data'], 'trigger' | 'handling'>,
): CallEvent => ({
  type: 'ServerInvoked',
  data: {
    ...requestOf(session),
    ...asked,
    sessionCase: chain.sessionCase,
    registered: chain.served.registered,
    trigger,
    handling,
  },
});

export const serverReturned = (session: Session, asked: AskedServer, target: Retargeting): CallEvent => ({
  type: 'ServerReturned',
  data: { ...requestOf(session), ...asked, target },
});

export const requestRefused = (
  session: Session,
  role: Role,
  served: string,
  status: number,
  why: string,
): CallEvent => ({
  type: 'RequestRefused',
  data: { ...requestOf(session), role, served, status, why },
});

const partiesOf = (session: Session, served: Pick<Served, 'ccf' | 'ecf'>, role: 0 | 1): ChargingParties => ({
  icid: session.icid,
  callId: session.callId,
  nodeFunctionality: 0,
  role,
  method: session.tx.request.method,
  callingParty: callingParty(session.tx.request),
  calledParty: session.requestUri,
  ccf: served.ccf,
  ecf: served.ecf,
});

/** TS 32.299 §7.2.35: −1 for success other than a normal end of session, else the failing status. */
const causeCodeOf = (status: number): number => (status < 300 ? -1 : status);

/**
 * Whom a transaction charges: the caller's side where its chain began, the callee's where it ended, or where it broke off.
 * What application servers lie between is charged once.
 */
const chargedSides = (session: Session, starts: boolean): readonly (Served | undefined)[] => [
  session.originating?.resumed === false ? session.originating.served : undefined,
  session.atCallee || !(starts || session.toldInside) ? session.terminating?.served : undefined,
];

/** The chain of a user who diverts a session begins where the request came back, in a dialog that has a caller already. */
export const originatingLeg = ({ originating, viaServer, depth }: Session): Readonly<{ leg?: number }> =>
  originating?.resumed === false && viaServer ? { leg: depth } : {};

/**
 * START for an answered INVITE, EVENT for everything else, one a side that was served. `refreshS`: by when the session that began is to
 * be refreshed (RFC 4028).
 */
export const chargeFinal = (
  ports: RecordPorts,
  session: Session,
  status: number,
  nowMs: number,
  refreshS?: number,
): void => {
  const starts = session.tx.request.method === 'INVITE' && status < 300;
  const sides = chargedSides(session, starts);
  for (const role of [0, 1] as const) {
    const served = sides[role];
    if (served === undefined) continue;
    const parties = partiesOf(session, served, role);
    const { dialog } = session;
    const leg = role === 0 ? originatingLeg(session) : {};
    note(ports, streamOfCharging(session.icid, chargedDialog({ dialog, ...leg }), role), [
      starts
        ? {
            type: 'ChargingStarted',
            data: {
              ...parties,
              requestAtMs: session.startedAtMs,
              answerAtMs: nowMs,
              ...(refreshS === undefined ? {} : { refreshS }),
            },
          }
        : {
            type: 'ChargingEventRecorded',
            data: { ...parties, causeCode: causeCodeOf(status), atMs: nowMs },
          },
    ]);
  }
};

const NO_FUNCTIONS = { ccf: [], ecf: [] } as const;

/** An emergency call is nobody's to pay; it is recorded on the caller's side, so that its end finds its beginning. */
export const chargeEmergency = (ports: RecordPorts, session: Session, nowMs: number): void =>
  note(ports, streamOfCharging(session.icid, session.dialog, 0), [
    {
      type: 'ChargingStarted',
      data: {
        ...partiesOf(session, NO_FUNCTIONS, 0),
        requestAtMs: session.startedAtMs,
        answerAtMs: nowMs,
      },
    },
  ]);

const roleOf = ({ role }: DialogMark): 0 | 1 => (role === 'charge-orig' ? 0 : 1);

/** STOP for a BYE, in the roles that the dialog's Record-Route remembers. */
export const chargeStop = (ports: RecordPorts, marks: readonly DialogMark[], nowMs: number): void => {
  for (const mark of marks)
    note(ports, streamOfCharging(mark.icid, chargedDialog(mark), roleOf(mark)), [
      { type: 'ChargingStopped', data: { causeCode: 0, atMs: nowMs } },
    ]);
};

/** INTERIM for an answered re-INVITE or UPDATE. `refreshS`: by when the next one is to come; 0: never; undefined: nobody knows. */
export const chargeInterim = (
  ports: RecordPorts,
  marks: readonly DialogMark[],
  method: string,
  nowMs: number,
  refreshS?: number,
): void => {
  const data = { method, atMs: nowMs, ...(refreshS === undefined ? {} : { refreshS }) };
  for (const mark of marks)
    note(ports, streamOfCharging(mark.icid, chargedDialog(mark), roleOf(mark)), [
      { type: 'ChargingContinued', data },
    ]);
};

export const noteEnd = (
  ports: RecordPorts,
  names: Pick<CallNames, 'icid'>,
  by: 'caller' | 'callee',
  reason?: string,
): void =>
  noteCall(ports, names.icid, [
    { type: 'CallEnded', data: { by, ...(reason === undefined ? {} : { reason }) } },
  ]);
