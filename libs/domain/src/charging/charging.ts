// Charging: the chargeable events of one session at one node function and role, in the order they happened.
// TS 32.260 §5, TS 32.299 §6. Stream: charging-<session>. Written by sprout (and bono); sent to the CDF by the owner of the log's partition.

/** TS 32.299 §7.2.108 values used here: 0 S-CSCF, 1 P-CSCF. */
export type NodeFunctionality = 0 | 1;
/** 0 originating, 1 terminating. */
export type RoleOfNode = 0 | 1;

/** What identifies the session and its parties: in the first event. */
export type ChargingParties = Readonly<{
  icid: string;
  callId: string;
  nodeFunctionality: NodeFunctionality;
  role: RoleOfNode;
  method: string;
  callingParty: readonly string[];
  calledParty: string;
  requestedParty?: string;
  ccf: readonly string[];
  ecf: readonly string[];
}>;

/** A session began: 2xx to an INVITE (START). */
export type ChargingStarted = Readonly<{
  type: 'ChargingStarted';
  data: ChargingParties & Readonly<{ requestAtMs: number; answerAtMs: number }>;
}>;
/** A session changed: re-INVITE or UPDATE answered (INTERIM). */
export type ChargingContinued = Readonly<{
  type: 'ChargingContinued';
  data: Readonly<{ method: string; atMs: number }>;
}>;
/** A session ended: BYE (STOP). causeCode TS 32.299 §7.2.35: 0 normal end of session. */
export type ChargingStopped = Readonly<{
  type: 'ChargingStopped';
  data: Readonly<{ causeCode: number; atMs: number }>;
}>;
/** One chargeable event with no session: MESSAGE, REGISTER, a call that failed (EVENT). */
export type ChargingEventRecorded = Readonly<{
  type: 'ChargingEventRecorded';
  data: ChargingParties & Readonly<{ causeCode: number; atMs: number }>;
}>;

export type ChargingEvent = ChargingStarted | ChargingContinued | ChargingStopped | ChargingEventRecorded;

export const CHARGING_EVENT_TYPES = [
  'ChargingStarted',
  'ChargingContinued',
  'ChargingStopped',
  'ChargingEventRecorded',
] as const satisfies readonly ChargingEvent['type'][];

/** `dialog` tells calls with one ICID apart: made from Call-ID and caller's tag by whoever starts the session. */
export const streamOfCharging = (icid: string, dialog: string, role: RoleOfNode): string =>
  `charging-${icid}/${dialog}/scscf/${role === 0 ? 'orig' : 'term'}`;
