// Calls: what was decided about one dialog or standalone request, and why. Facts only: nothing here is refused.
// Stream: call-<ICID>. Written by sprout; read by history (and by the call views).
import type { ApplicationServer, SessionCase } from '../filter-criteria/service-profile.js';
import type { Retargeting } from '../filter-criteria/retarget.js';
import type { Criteria } from './criteria-outcome.js';

export type Role = 'originating' | 'terminating';

/** Who wants what of whom: in the first event of each role. */
type Request = Readonly<{
  method: string;
  callId: string;
  from: string;
  to: string;
  requestUri: string;
}>;

/**
 * The caller wants not to be named to whom it calls (RFC 3323, RFC 3325 §9.3), by its own header or by a service of its network. Stands
 * before the first event of the callee's side: who shows a callee its calls knows it in time.
 */
export type CallerHidden = Readonly<{
  type: 'CallerHidden';
  /** `privacy`: the levels that ask for it, as `id;user`. */
  data: Readonly<{ method: string; privacy: string }>;
}>;

/** The originating S-CSCF served the caller: its chain of application servers is at its end. */
export type OriginatingServed = Readonly<{
  type: 'OriginatingServed';
  data: Request & Readonly<{ served: string; registered: boolean; criteria: Criteria; next: string }>;
}>;

/** One binding that the request was sent to. */
export type ChosenTarget = Readonly<{ bindingId: string; contact: string }>;

/** The terminating S-CSCF served the callee, its chain at its end: the bindings rung first, or why none was. */
export type TerminatingServed = Readonly<{
  type: 'TerminatingServed';
  data: Request &
    Readonly<{ served: string; registered: boolean; criteria: Criteria; targets: readonly ChosenTarget[] }>;
}>;

/** Refused by a decision of this core, before anybody was asked. */
export type RequestRefused = Readonly<{
  type: 'RequestRefused';
  data: Request & Readonly<{ role: Role; served: string; status: number; why: string }>;
}>;

/** The bindings of the next lower preference were rung: everybody before them had refused, or had rung for long enough. */
export type NextTargetsRung = Readonly<{
  type: 'NextTargetsRung';
  data: Readonly<{ targets: readonly ChosenTarget[]; why: 'refused' | 'no-answer' }>;
}>;

/** The final answer that went back to the caller. */
export type CallAnswered = Readonly<{
  type: 'CallAnswered';
  data: Readonly<{ status: number; contact?: string }>;
}>;
export type CallFailed = Readonly<{
  type: 'CallFailed';
  data: Readonly<{ status: number; cancelled: boolean }>;
}>;

/** BYE was passed on. `by` is the side that hung up. */
export type CallEnded = Readonly<{
  type: 'CallEnded';
  data: Readonly<{ by: 'caller' | 'callee'; reason?: string }>;
}>;

/** A binding answered 430: its flow is gone and it will be removed. */
export type TargetFlowFailed = Readonly<{ type: 'TargetFlowFailed'; data: ChosenTarget }>;

/** The application server of one criterion of one user's chain. */
type AskedServer = Readonly<{ role: Role; served: string; priority: number; server: string }>;

/** A criterion matched, and the request was sent to its application server. */
export type ServerInvoked = Readonly<{
  type: 'ServerInvoked';
  data: Request &
    AskedServer &
    Readonly<{
      sessionCase: SessionCase;
      registered: boolean;
      /** The service point trigger that decided, in words. */
      trigger: string;
      handling: ApplicationServer['defaultHandling'];
    }>;
}>;

/** The server gave the request back, perhaps as another dialog and to another target: the chain goes on, or stops. */
export type ServerReturned = Readonly<{
  type: 'ServerReturned';
  data: Request & AskedServer & Readonly<{ target: Retargeting }>;
}>;

/** The server gave no answer that counts; `handling` continued: it was passed over. */
export type ServerFailed = Readonly<{
  type: 'ServerFailed';
  data: AskedServer &
    Readonly<{ handling: ApplicationServer['defaultHandling']; why: string; status?: number }>;
}>;

/** The final answer of the server; `returned`: it had given the request back, and passes on what came of it. */
export type ServerAnswered = Readonly<{
  type: 'ServerAnswered';
  data: AskedServer & Readonly<{ status: number; returned: boolean }>;
}>;

/** A telephony service of the served user decided: the call was refused, or sent to `target` instead. */
export type ServiceApplied = Readonly<{
  type: 'ServiceApplied';
  data: Readonly<{
    role: Role;
    served: string;
    service: 'privacy' | 'barring' | 'diversion';
    /** The rule of the user's document, or what else decided. */
    rule: string;
    why: string;
    status?: number;
    target?: string;
  }>;
}>;

/** ENUM knew another URI for the number that was called (RFC 6116). */
export type NumberTranslated = Readonly<{
  type: 'NumberTranslated';
  data: Readonly<{ requestUri: string; translated: string }>;
}>;

/** The BGCF found a way out of the domain: the operator's rule, and the routes that the request was given. */
export type BreakoutChosen = Readonly<{
  type: 'BreakoutChosen';
  data: Readonly<{ requestUri: string; rule: string; routes: readonly string[] }>;
}>;

export type CallEvent =
  | OriginatingServed
  | CallerHidden
  | TerminatingServed
  | NextTargetsRung
  | ServerInvoked
  | ServerReturned
  | ServerFailed
  | ServerAnswered
  | ServiceApplied
  | NumberTranslated
  | BreakoutChosen
  | RequestRefused
  | CallAnswered
  | CallFailed
  | CallEnded
  | TargetFlowFailed;

export const CALL_EVENT_TYPES = [
  'OriginatingServed',
  'CallerHidden',
  'TerminatingServed',
  'NextTargetsRung',
  'ServerInvoked',
  'ServerReturned',
  'ServerFailed',
  'ServerAnswered',
  'ServiceApplied',
  'NumberTranslated',
  'BreakoutChosen',
  'RequestRefused',
  'CallAnswered',
  'CallFailed',
  'CallEnded',
  'TargetFlowFailed',
] as const satisfies readonly CallEvent['type'][];

export const streamOfCall = (icid: string): string => `call-${icid}`;

/** Whose call a stream is of: `call-<ICID>`, `charging-<ICID>/<dialog>/…` */
export const icidOfStream = (stream: string): string => {
  const slash = stream.indexOf('/');
  return stream.slice(stream.indexOf('-') + 1, slash < 0 ? undefined : slash);
};
