// One initial request on its way through the S-CSCF (TS 24.229 §5.4.3), and what every step of it may use.
// The originating side, the I-CSCF's question and the terminating side are steps over this in one transaction.
import { dialogTag } from '#libs/domain';
import type { HomesteadFailure } from '#libs/homestead-client';
import { addrUri, H, icidOf, type ServerTransaction, type SipMessage, tagOf } from '#libs/sip';
import { isTimeout } from '../faults.js';
import type { Chain } from '../isc/chain.js';
import type { ChainLink } from '../isc/chain-link.js';
import type { Invocation } from '../isc/invocation.js';
import type { SproutPorts, SproutSettings } from '../ports.js';
import type { ProfileCache } from '../profile-cache.js';
import type { Translation } from '../routing/number-translator.js';
import type { SessionTiming } from './session-timing.js';
import type { Callee } from '../ringing/targets.js';

/** What goes on of a chain here that another router began. */
export type Leg = Readonly<{ orphaned(): void }>;

export type SessionContext = Readonly<{
  ports: SproutPorts;
  settings: SproutSettings;
  profiles: ProfileCache;
  /** Application servers whose answer is waited for in this process, by the token that was given to them. */
  invocations: Map<string, Invocation>;
  /** Chains of other routers' that came back to this one, while they are not answered (legs.ts). */
  legs: Map<string, Leg>;
}>;

/** How the request came: own Route values on top of it, whether one of them said `orig`, and the ODI of the first. */
export type Arrival = Readonly<{
  ownRoutes: number;
  originating: boolean;
  nextRoute: string | undefined;
  odi: string | undefined;
}>;

/** Names of the call: ICID, and what tells its dialogs apart. */
export type CallNames = Readonly<{ icid: string; dialog: string; callId: string }>;

export type Session = CallNames & {
  readonly tx: ServerTransaction;
  readonly arrival: Arrival;
  readonly startedAtMs: number;
  readonly from: string;
  readonly to: string;
  /** Where it goes: ENUM puts another URI in a number's place. */
  requestUri: string;
  /** What ENUM said; undefined: it was not asked. */
  translation?: Translation['kind'];
  /** The request has no charging vector of this call: application servers get one. */
  readonly lacksVector: boolean;
  /** Application servers asked so far, in this transaction and before. */
  depth: number;
  /** An application server is on the way of this transaction: where it came from, or where it went. */
  viaServer: boolean;
  originating?: Chain;
  terminating?: Chain;
  /** The callee's devices, as they were found with its profile; undefined: to be found. */
  callee?: Callee;
  /** By when the session is to be refreshed, where it is one. */
  timing?: SessionTiming | undefined;
  /** The terminating chain is at its end: what follows is the callee's own. */
  atCallee: boolean;
  /** A server gave the request back: the transaction that it came back in tells how it ended. */
  toldInside: boolean;
  /** The originating side's event has been written. */
  originatingTold: boolean;
  /** It has been written that the caller is not to be named. */
  hiddenTold: boolean;
};

/** A step goes on with a value, or has an answer for the caller and the reason for it. */
export type Step<T> =
  | Readonly<{ ok: true; value: T }>
  | Readonly<{
      ok: false;
      status: number;
      reason: string;
      why: string;
      failure?: HomesteadFailure;
      /** Of the answer, whole lines. */
      headers?: string;
    }>;

export type Refusal = Extract<Step<never>, { ok: false }>;

export const refuse = (status: number, reason: string, why: string): Refusal => ({
  ok: false,
  status,
  reason,
  why,
});

export const backEndFault = (failure: HomesteadFailure): Refusal => ({
  ok: false,
  status: isTimeout(failure) ? 504 : 500,
  reason: '',
  why: 'a back end failed',
  failure,
});

/** `link`: the chain that the request came back to, whose call it stays whatever the server made of it. */
export const startSession = (
  { ports }: SessionContext,
  tx: ServerTransaction,
  arrival: Arrival,
  link?: ChainLink,
): Session => {
  const { request } = tx;
  const callId = request.header(H.CallId)!;
  const from = request.header(H.From)!;
  const stated = icidOf(request);
  const icid = link?.icid ?? stated ?? ports.random.token(26);
  return {
    tx,
    arrival,
    startedAtMs: ports.clock.nowMs(),
    icid,
    lacksVector: stated !== icid,
    depth: link?.depth ?? 0,
    viaServer: link !== undefined,
    atCallee: false,
    toldInside: false,
    originatingTold: false,
    hiddenTold: false,
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
