// One initial request on its way through the S-CSCF (TS 24.229 §5.4.3), and what every step of it may use.
// The originating side, the I-CSCF's question and the terminating side are steps over this in one transaction.
import type { Criteria } from '#libs/domain';
import type { HomesteadFailure } from '#libs/homestead-client';
import { addrUri, H, type ServerTransaction, type SipMessage, tagOf } from '#libs/sip';
import type { SproutPorts, SproutSettings } from '../ports.js';
import type { ProfileCache } from '../profile-cache.js';

export type SessionContext = Readonly<{
  ports: SproutPorts;
  settings: SproutSettings;
  profiles: ProfileCache;
}>;

/** A user that one side of the session serves. */
export type Served = Readonly<{
  impu: string;
  /** Names the registration row: default IMPU of the implicit registration set. */
  aor: string;
  registered: boolean;
  criteria: Criteria;
  ccf: readonly string[];
  ecf: readonly string[];
}>;

/** Names of the call: ICID, and what tells its dialogs apart. */
export type CallNames = Readonly<{ icid: string; dialog: string; callId: string }>;

export type Session = CallNames & {
  readonly tx: ServerTransaction;
  readonly startedAtMs: number;
  readonly from: string;
  readonly to: string;
  /** As the originating side may have changed it. */
  requestUri: string;
  originating?: Served;
  terminating?: Served;
};

/** A step goes on with a value, or has an answer for the caller and the reason for it. */
export type Step<T> =
  | Readonly<{ ok: true; value: T }>
  | Readonly<{ ok: false; status: number; reason: string; why: string; failure?: HomesteadFailure }>;

export const refuse = (status: number, reason: string, why: string): Step<never> => ({
  ok: false,
  status,
  reason,
  why,
});

export const backEndFault = (failure: HomesteadFailure): Step<never> => ({
  ok: false,
  status: failure === 'timeout' ? 504 : 500,
  reason: '',
  why: 'a back end failed',
  failure,
});

/** 32-bit FNV-1a of Call-ID and the caller's tag: enough to tell dialogs of one ICID apart. */
export const dialogTag = (callId: string, callerTag: string): string => {
  let hash = 0x811c9dc5;
  for (const text of [callId, '\n', callerTag])
    for (let at = 0; at < text.length; at++) hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193);
  return (hash >>> 0).toString(36);
};

const ICID = /(?:^|;)\s*icid-value\s*=\s*"?([^";\s]+)/i;

/** The ICID that the first trusted node made (RFC 7315 §4.6), or a fresh one for a peer that sent none. */
const icidOf = (request: SipMessage, fresh: () => string): string => {
  const vector = request.header(H.PChargingVector);
  return (vector === undefined ? undefined : ICID.exec(vector)?.[1]) ?? fresh();
};

export const startSession = ({ ports }: SessionContext, tx: ServerTransaction): Session => {
  const { request } = tx;
  const callId = request.header(H.CallId)!;
  const from = request.header(H.From)!;
  return {
    tx,
    startedAtMs: ports.clock.nowMs(),
    icid: icidOf(request, () => ports.random.token(26)),
    dialog: dialogTag(callId, tagOf(from)),
    callId,
    from: addrUri(from),
    to: addrUri(request.header(H.To)!),
    requestUri: request.requestUri,
  };
};

/** Methods that may make a dialog: their path is recorded (RFC 3261 §16.6 item 4). */
const DIALOG_METHODS: ReadonlySet<string> = new Set(['INVITE', 'SUBSCRIBE', 'REFER', 'NOTIFY']);
export const makesDialog = (request: SipMessage): boolean => DIALOG_METHODS.has(request.method);
