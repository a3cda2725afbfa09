// Accounting requests (ACR) from charging records: the same record is the same request, whoever sends it and when. TS 32.299 §6.2.2, §7.2;
// RFC 6733 §9.7. Used by rf-client.ts, and by reconcile, which derives them again. Pure.
import { createHash } from 'node:crypto';
import type { ChargingRecord, RecordKind } from '#libs/domain';
import type { Body } from '#libs/diameter';
import { readJsonAvps } from './json-avps.js';

export type AccountingNames = Readonly<{
  /** What Session-Ids begin with. */
  sessionHost: string;
  billingRealm: string;
  serviceContextId: string;
}>;

export const RECORD_TYPES: Readonly<Record<RecordKind, number>> = { EVENT: 1, START: 2, INTERIM: 3, STOP: 4 };

/** TS 32.299 §7.2 (RFC 4006 §8.47): 0 a number, 2 a SIP URI. */
const [END_USER_E164, END_USER_SIP_URI] = [0, 2];
const DIGEST_CHARACTERS = 16;

/** RFC 6733 §8.8, of what the log says alone: when the session's first fact happened, and where it stands. */
export const sessionIdOf = (
  sessionHost: string,
  { session: { generation, partition, offset }, sessionMs }: Pick<ChargingRecord, 'session' | 'sessionMs'>,
): string => `${sessionHost};${Math.floor(sessionMs / 1000)};${offset % 2 ** 32};${generation}.${partition}`;

const seconds = (ms: number): number => Math.floor(ms / 1000);
const fraction = (ms: number): number => Math.floor(ms) % 1000;

const timeStamps = ({ requestAtMs, answerAtMs, atMs, kind }: ChargingRecord): Body => {
  const requestMs = requestAtMs ?? atMs;
  const request = {
    'SIP-Request-Timestamp': seconds(requestMs),
    ...(kind === 'START' && answerAtMs !== undefined && { 'SIP-Response-Timestamp': seconds(answerAtMs) }),
    'SIP-Request-Timestamp-Fraction': fraction(requestMs),
  };
  return kind === 'START' && answerAtMs !== undefined
    ? { ...request, 'SIP-Response-Timestamp-Fraction': fraction(answerAtMs) }
    : request;
};

/** Who is served: the caller where the session originates, the called party where it terminates. */
const subscription = ({ about }: ChargingRecord): Body => {
  const served = about.role === 0 ? about.callingParty?.[0] : (about.requestedParty ?? about.calledParty);
  if (served === undefined) return {};
  const number = /^tel:\+?([0-9]{3,15})/.exec(served)?.[1];
  const [type, data] = number === undefined ? [END_USER_SIP_URI, served] : [END_USER_E164, number];
  return { 'Subscription-Id': { 'Subscription-Id-Type': type, 'Subscription-Id-Data': data } };
};

/** In the order of the group's grammar. */
const imsInformation = (record: ChargingRecord): Body => {
  const { about, method, causeCode } = record;
  return {
    ...(method !== undefined && method !== '' && { 'Event-Type': { 'SIP-Method': method } }),
    'Role-Of-Node': about.role,
    'Node-Functionality': about.nodeFunctionality,
    'User-Session-Id': about.callId,
    'Calling-Party-Address': about.callingParty,
    'Called-Party-Address': about.calledParty,
    'Requested-Party-Address': about.requestedParty,
    'Time-Stamps': timeStamps(record),
    'IMS-Charging-Identifier': about.icid,
    'Cause-Code': causeCode,
  };
};

/** What is ours to say, whatever a client tells. */
const OWN: ReadonlySet<string> = new Set([
  'Session-Id', 'Origin-Host', 'Origin-Realm', 'Destination-Host', 'Destination-Realm', 'Accounting-Record-Type',
  'Accounting-Record-Number', 'Acct-Application-Id', 'Vendor-Specific-Application-Id', 'Event-Timestamp', 'Service-Context-Id',
  'Auth-Application-Id', 'Result-Code', 'Experimental-Result', 'Failed-AVP', 'Error-Message', 'Error-Reporting-Host',
  'Proxy-Info', 'Route-Record', 'Origin-State-Id',
]); // prettier-ignore

const told = (avps: NonNullable<ChargingRecord['avps']>): Body =>
  readJsonAvps(Object.fromEntries(Object.entries(avps).filter(([name]) => !OWN.has(name)))).body;

export const accountingRequest = (record: ChargingRecord, names: AccountingNames): Body => ({
  'Session-Id': sessionIdOf(names.sessionHost, record),
  'Destination-Realm': names.billingRealm,
  'Accounting-Record-Type': RECORD_TYPES[record.kind],
  'Accounting-Record-Number': record.number,
  'Event-Timestamp': seconds(record.atMs),
  'Service-Context-Id': names.serviceContextId,
  ...(record.avps === undefined
    ? { 'Service-Information': { ...subscription(record), 'IMS-Information': imsInformation(record) } }
    : told(record.avps)),
});

const comparable = (_name: string, value: unknown): unknown =>
  typeof value === 'bigint' ? value.toString() : value;

/** Of what is said, not of names that are configuration: those may change between the sending and the look at it. */
export const digestOf = (request: Body): string => {
  const { 'Session-Id': _id, 'Destination-Realm': _realm, 'Service-Context-Id': _context, ...said } = request;
  const text = JSON.stringify(said, comparable);
  return createHash('sha256').update(text).digest('hex').slice(0, DIGEST_CHARACTERS);
};
