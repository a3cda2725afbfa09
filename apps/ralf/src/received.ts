// What clients tell over HTTP, as a fact for the log; or why it is none (backend.md §5.1). Pure. Used by ralf.ts.
import { createHash } from 'node:crypto';
import { type AccountingReceived, type RecordKind, streamOfAccounting } from '#libs/domain';

export type Received =
  Readonly<{ ok: true; stream: string; event: AccountingReceived }> | Readonly<{ ok: false; reason: string }>;

export type ReceivedFrom = Readonly<{ callId: string; body: unknown; isTimer: boolean; nowMs: number }>;

const CALL_ID_CHARACTERS_MAX = 512;
/** Objects and lists within each other; AVPs nest no deeper than half of it. */
const DEPTH_MAX = 16;
/** Charging functions of one request; the rest is passed over. */
const CCF_MAX = 8;
/** TS 32.299 §7.2.108. */
const NODE_FUNCTIONALITY_MAX = 15;
/** Of a digest of what was told: 128 bits, so that nobody makes two facts that are taken for one. */
const DIGEST_CHARACTERS = 32;
const UINT32_MAX = 2 ** 32 - 1;
const KINDS: Readonly<Record<number, RecordKind>> = { 1: 'EVENT', 2: 'START', 3: 'INTERIM', 4: 'STOP' };

type Json = Readonly<Record<string, unknown>>;
const objectOf = (value: unknown): Json | undefined =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Json) : undefined;

const isDeeper = (value: unknown, depth: number): boolean =>
  typeof value === 'object' &&
  value !== null &&
  (depth === 0 || Object.values(value).some((one) => isDeeper(one, depth - 1)));

const refused = (reason: string): Received => ({ ok: false, reason });

const texts = (value: unknown): readonly string[] | undefined =>
  Array.isArray(value) && value.every((one): one is string => typeof one === 'string' && one.length <= 1_024)
    ? value.slice(0, CCF_MAX)
    : undefined;

type Peers = Readonly<{ ccf: readonly string[]; ecf: readonly string[] }>;

/** Without them the configured CDFs are meant; named, there is one at least. */
const peersOf = ({ peers }: Json, kind: RecordKind): Peers | string => {
  if (peers === undefined || kind === 'INTERIM' || kind === 'STOP') return { ccf: [], ecf: [] };
  const ccf = texts(objectOf(peers)?.['ccf']);
  if (ccf === undefined || ccf.length === 0) return 'peers has no list of texts ccf';
  return { ccf, ecf: texts(objectOf(peers)?.['ecf']) ?? [] };
};

const isWhole = (value: unknown, max: number): value is number =>
  typeof value === 'number' && Number.isInteger(value) && value >= 0 && value <= max;

type Node = Readonly<{ role: 0 | 1; nodeFunctionality: number }>;

const nodeOf = (event: Json): Node | string => {
  const ims = objectOf(objectOf(event['Service-Information'])?.['IMS-Information']);
  if (ims === undefined) return 'event has no Service-Information with IMS-Information';
  const { 'Role-Of-Node': role, 'Node-Functionality': nodeFunctionality } = ims;
  if (role !== 0 && role !== 1) return 'Role-Of-Node is neither 0 nor 1';
  return isWhole(nodeFunctionality, NODE_FUNCTIONALITY_MAX)
    ? { role, nodeFunctionality }
    : 'Node-Functionality is no number from 0 to 15';
};

const digestOf = (event: Json): string =>
  createHash('sha256').update(JSON.stringify(event)).digest('hex').slice(0, DIGEST_CHARACTERS);

export const readReceived = ({ callId, body, isTimer, nowMs }: ReceivedFrom): Received => {
  if (callId === '' || callId.length > CALL_ID_CHARACTERS_MAX || !callId.isWellFormed())
    return refused(`a session is named by 1 to ${CALL_ID_CHARACTERS_MAX} characters`);
  const given = objectOf(body);
  const event = objectOf(given?.['event']);
  if (given === undefined || event === undefined) return refused('the body has no object event');
  if (isDeeper(event, DEPTH_MAX)) return refused(`event nests deeper than ${DEPTH_MAX}`);
  const kind = KINDS[Number(event['Accounting-Record-Type'])];
  if (kind === undefined || typeof event['Accounting-Record-Type'] !== 'number')
    return refused('Accounting-Record-Type is none of 1, 2, 3 and 4');
  const node = nodeOf(event);
  if (typeof node === 'string') return refused(node);
  const peers = peersOf(given, kind);
  if (typeof peers === 'string') return refused(peers);
  const { 'Event-Timestamp': toldS, 'Acct-Interim-Interval': interval } = event;
  const isDated = isWhole(toldS, UINT32_MAX) && toldS > 0;
  const by = isTimer && kind === 'INTERIM' ? 'timer' : isDated ? 'client' : 'undated';
  const data: AccountingReceived['data'] = {
    callId,
    ...node,
    kind,
    atMs: isDated ? toldS * 1000 : Math.floor(nowMs),
    by,
    ...(isWhole(interval, UINT32_MAX) && interval > 0 ? { refreshS: interval } : {}),
    ...peers,
    ...(by === 'client' ? { digest: digestOf(event) } : {}),
    avps: event,
  };
  const stream = streamOfAccounting(callId, node.nodeFunctionality, node.role);
  return { ok: true, stream, event: { type: 'AccountingReceived', data } };
};
