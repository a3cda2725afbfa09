// A charging data record as it is written: a JSON line with all that the request had, and a CSV line with what people look at first.
// TS 32.299 §6.2 (what an ACR says), TS 32.298 (what a record is for). Pure.
import { type Described, describeAvps, isRetransmitted, type Message } from '#libs/diameter';

export type CdfRecord = Readonly<{
  receivedAt: string;
  /** The same Session-Id and record number came before. */
  duplicate: boolean;
  /** Its T flag. */
  retransmitted: boolean;
  from: string;
  sessionId: string;
  recordType: string;
  recordNumber: number;
  /** When it happened, as the request says. */
  eventAt?: string;
  userName?: string;
  avps: Readonly<Record<string, Described | Described[]>>;
}>;

const RECORD_TYPES: Readonly<Record<number, string>> = { 1: 'EVENT', 2: 'START', 3: 'INTERIM', 4: 'STOP' };

export type Received = Readonly<{ request: Message; from: string; nowMs: number; isDuplicate: boolean }>;

export const cdfRecord = ({ request, from, nowMs, isDuplicate }: Received): CdfRecord => {
  const { avps } = request;
  const eventS = avps.get('Event-Timestamp');
  const userName = avps.get('User-Name');
  return {
    receivedAt: new Date(nowMs).toISOString(),
    duplicate: isDuplicate,
    retransmitted: isRetransmitted(request),
    from,
    sessionId: avps.get('Session-Id') ?? '',
    recordType: RECORD_TYPES[avps.get('Accounting-Record-Type') ?? 0] ?? 'UNKNOWN',
    recordNumber: avps.get('Accounting-Record-Number') ?? 0,
    ...(eventS === undefined ? {} : { eventAt: new Date(eventS * 1000).toISOString() }),
    ...(userName === undefined ? {} : { userName }),
    avps: describeAvps(avps),
  };
};

const COLUMNS = ['received_at', 'event_at', 'session_id', 'record_type', 'record_number', 'user_name', 'icid', 'role_of_node', 'node_functionality', 'calling_party', 'called_party', 'cause_code', 'origin_host', 'retransmitted', 'duplicate'] as const; // prettier-ignore

export const CSV_HEADER = COLUMNS.join(',');

const textOf = (value: unknown): string => {
  if (Array.isArray(value)) return value.map(textOf).join(' ');
  return typeof value === 'string' ? value : JSON.stringify(value);
};

/** RFC 4180; what a spreadsheet would take for a formula gets a quote in front. */
const field = (value: unknown): string => {
  if (value === undefined) return '';
  const text = textOf(value);
  const safe = /^[=+@\t\r-]/.test(text) && Number.isNaN(Number(text)) ? `'${text}` : text;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
};

type Group = Readonly<Record<string, unknown>>;
const inside = (group: unknown, name: string): Group => ((group as Group | undefined)?.[name] ?? {}) as Group;

export const csvLine = (record: CdfRecord): string => {
  const ims = inside(inside(record.avps, 'Service-Information'), 'IMS-Information');
  const values: Readonly<Record<(typeof COLUMNS)[number], unknown>> = {
    received_at: record.receivedAt,
    event_at: record.eventAt,
    session_id: record.sessionId,
    record_type: record.recordType,
    record_number: record.recordNumber,
    user_name: record.userName,
    icid: ims['IMS-Charging-Identifier'],
    role_of_node: ims['Role-Of-Node'],
    node_functionality: ims['Node-Functionality'],
    calling_party: ims['Calling-Party-Address'],
    called_party: ims['Called-Party-Address'],
    cause_code: ims['Cause-Code'],
    origin_host: record.avps['Origin-Host'],
    retransmitted: record.retransmitted,
    duplicate: record.duplicate,
  };
  return COLUMNS.map((name) => field(values[name])).join(',');
};
