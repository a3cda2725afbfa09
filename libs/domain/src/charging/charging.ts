// Charging: the chargeable facts of one session at one node function and role, in the order they happened, and what became of their
// accounting records. TS 32.260 §5, TS 32.299 §6. Stream: charging-<session>. Facts are written by sprout, bono, and by ralf for who tells
// it over HTTP; the rest by the ralf that owns the log's partition.
import type { Position } from '#libs/decider';

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

/** What is known of a session: of one whose START is missing that is little. */
export type SessionAbout = Readonly<{ nodeFunctionality: number; role: RoleOfNode }> &
  Pick<ChargingParties, 'ccf' | 'ecf'> &
  Partial<Omit<ChargingParties, 'nodeFunctionality' | 'role' | 'ccf' | 'ecf'>>;

/** A session began: 2xx to an INVITE (START). */
export type ChargingStarted = Readonly<{
  type: 'ChargingStarted';
  data: ChargingParties &
    Readonly<{
      requestAtMs: number;
      answerAtMs: number;
      /** By when the session is to be refreshed, s (RFC 4028); absent: it lives without. */
      refreshS?: number;
    }>;
}>;
/** A session changed: re-INVITE or UPDATE answered (INTERIM). */
export type ChargingContinued = Readonly<{
  type: 'ChargingContinued';
  data: Readonly<{
    method: string;
    atMs: number;
    /** As in its START; 0: not any more. */ refreshS?: number;
  }>;
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

/** Accounting-Record-Type, RFC 6733 §9.8.1, by name. */
export type RecordKind = 'EVENT' | 'START' | 'INTERIM' | 'STOP';

/** A chargeable fact told over HTTP (backend.md §5.1), whatever node it was at. */
export type AccountingReceived = Readonly<{
  type: 'AccountingReceived';
  data: Readonly<{
    callId: string;
    /** TS 32.299 §7.2.108: 0 to 15. */
    nodeFunctionality: number;
    role: RoleOfNode;
    kind: RecordKind;
    atMs: number;
    /** `client`: when it happened was told, so the same once more is a repetition. `timer`: no sign of life of the session. */
    by: 'client' | 'undated' | 'timer';
    /** How long the session lives without a sign (Acct-Interim-Interval of the request), s. */
    refreshS?: number;
    ccf: readonly string[];
    ecf: readonly string[];
    /** Of `avps`, where `by` is `client`: equal where the same was told again. */
    digest?: string;
    /** By AVP names, as it was told. */
    avps: Readonly<Record<string, unknown>>;
  }>;
}>;

/** Time for an INTERIM, nothing else having happened. `after`: number of the session's last record by then. */
export type ChargingInterimReached = Readonly<{
  type: 'ChargingInterimReached';
  data: Readonly<{ after: number; atMs: number }>;
}>;
/** Nobody ended the session, and it shows no sign of life any more. */
export type ChargingSessionAbandoned = Readonly<{
  type: 'ChargingSessionAbandoned';
  data: Readonly<{ after: number; causeCode: number; atMs: number }>;
}>;
/** A START has not come for so long that what came without it goes without it. */
export type ChargingStartMissed = Readonly<{
  type: 'ChargingStartMissed';
  data: Readonly<{ atMs: number }>;
}>;
/** A CDF has answered for good: it has the record (2xxx), or will never take it. */
export type AccountingAnswered = Readonly<{
  type: 'AccountingAnswered';
  data: Readonly<{
    /** Position of the fact that began the record's session. */
    of: Position;
    record: number;
    result: number;
    cdf: string;
    /** Of what was sent: the same record derived again has the same. */
    digest: string;
    /** It was sent with the T flag. */
    retransmitted: boolean;
    /** How often the CDF wants to hear of the session, s. */
    interimS?: number;
    atMs: number;
  }>;
}>;

export type ChargingFact =
  ChargingStarted | ChargingContinued | ChargingStopped | ChargingEventRecorded | AccountingReceived;

export type ChargingEvent =
  ChargingFact | ChargingInterimReached | ChargingSessionAbandoned | ChargingStartMissed | AccountingAnswered;

export const CHARGING_EVENT_TYPES = [
  'ChargingStarted',
  'ChargingContinued',
  'ChargingStopped',
  'ChargingEventRecorded',
  'AccountingReceived',
  'ChargingInterimReached',
  'ChargingSessionAbandoned',
  'ChargingStartMissed',
  'AccountingAnswered',
] as const satisfies readonly ChargingEvent['type'][];

const NODES = { 0: 'scscf', 1: 'pcscf' } as const;

/** 32-bit FNV-1a of Call-ID and the caller's tag: enough to tell dialogs of one ICID apart. */
export const dialogTag = (callId: string, callerTag: string): string => {
  let hash = 0x811c9dc5;
  for (const text of [callId, '\n', callerTag])
    for (let at = 0; at < text.length; at++) hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193);
  return (hash >>> 0).toString(36);
};

/** `dialog` tells calls with one ICID apart: made from Call-ID and caller's tag (dialogTag) by whoever starts the session. */
export const streamOfCharging = (
  icid: string,
  dialog: string,
  role: RoleOfNode,
  node: NodeFunctionality = 0,
): string => `charging-${icid}/${dialog}/${NODES[node]}/${role === 0 ? 'orig' : 'term'}`;

/** Is it what an edge charges? The same call is charged at the router. */
export const isOfEdge = (stream: string): boolean => stream.split('/').at(-2) === NODES[1];

/** Of what is told over HTTP: by the name that the client gives. */
export const streamOfAccounting = (callId: string, nodeFunctionality: number, role: RoleOfNode): string =>
  `charging-${encodeURIComponent(callId)}/http/${nodeFunctionality}/${role === 0 ? 'orig' : 'term'}`;

/** What a stream's name says of a session whose START has not come. */
export const namedInStream = (stream: string): SessionAbout => {
  const parts = stream.slice(stream.indexOf('-') + 1).split('/');
  const [name = '', dialog] = parts;
  const [node = '', side] = parts.slice(-2);
  const role = side === 'term' ? 1 : 0;
  const lists = { ccf: [], ecf: [] };
  return dialog === 'http'
    ? { callId: decodeURIComponent(name), nodeFunctionality: Number(node), role, ...lists }
    : { icid: name, nodeFunctionality: node === NODES[1] ? 1 : 0, role, ...lists };
};
