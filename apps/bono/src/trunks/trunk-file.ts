// TRUNKS_FILE: the networks and PBXes outside that calls are exchanged with, `{"trunks": [{ … }]}`; docs/trunks.md has each field.
// One wrong entry refuses the file, by its place and reason. Pure. Readers: open-trunks.ts, tests.
import { peerFault, type ReadResult } from '#libs/runtime';
import { aorOf, canonicalIp, parseSipUri } from '#libs/sip';
import { type IdentityPattern, readIdentityPattern } from './identity-pattern.js';
import { type NumberPlan, readNumberPlan } from './number-plan.js';

export const TRUNKS_MAX = 256;
/** Of addresses, names, peers and identities of one trunk, each. */
export const ENTRIES_MAX = 64;
const RATE_DEFAULT = 100;
const IN_SETUP_DEFAULT = 1_000;
const CALLS_DEFAULT = 10_000;
const LIMIT_MAX = 1_000_000;

/**
 * `trusted`: what it asserts is believed, and it is told who calls whatever privacy asks for (RFC 3324: one trust domain). `screened`:
 * what it asserts is taken where it is one of its identities. `untrusted`: nobody is asserted.
 */
export type TrunkIdentity = 'trusted' | 'screened' | 'untrusted';

export type Trunk = Readonly<{
  name: string;
  /** A PBX is a user of ours that never registers: its calls have services, and numbers may be reached behind it. */
  kind: 'trunk' | 'pbx';
  /** Where it comes from: addresses or networks; with names of certificates it must have one of each kind. */
  addresses: readonly string[];
  certificates: readonly string[];
  /** Where it is called at, in this order; host names and addresses of these are its own. */
  peers: readonly string[];
  identity: TrunkIdentity;
  identities: readonly IdentityPattern[];
  /** Of a PBX: whose services its calls have, and who is asserted where it names nobody of its identities. */
  user: string | undefined;
  numbers: NumberPlan;
  /** What numbers are called as by it. */
  numbersAs: 'sip' | 'tel' | 'as-is';
  callsPerSecondMax: number;
  callsInSetupMax: number;
  /** At once, of either direction; those in setup too. */
  callsMax: number;
  /** May calls that come from another trunk go out by this one? */
  transit: boolean;
  hidesTopology: boolean;
}>;

type Entry = Readonly<Record<string, unknown>>;

/** A fault of one entry, said by throwing within this file alone. */
class Fault extends Error {}

const fail = (reason: string): never => {
  throw new Fault(reason);
};

const NAME = /^[a-z0-9][a-z0-9-]{0,63}$/;
const HOST = /^[a-z0-9](?:[a-z0-9.-]{0,251}[a-z0-9])?$/i;

const textIn = (entry: Entry, field: string): string | undefined => {
  const value = entry[field];
  if (value === undefined) return undefined;
  return typeof value === 'string' && value !== '' ? value : fail(`"${field}" takes a text`);
};

const textsIn = (
  entry: Entry,
  field: string,
  fault: (text: string) => string | undefined,
): readonly string[] => {
  const value = entry[field] ?? [];
  if (!Array.isArray(value) || value.length > ENTRIES_MAX)
    return fail(`"${field}" takes a list of at most ${ENTRIES_MAX}`);
  for (const one of value as readonly unknown[]) {
    const reason = typeof one === 'string' ? fault(one) : 'no text';
    if (reason !== undefined) fail(`"${field}": ${reason}`);
  }
  return value as readonly string[];
};

const choiceIn = <T extends string>(entry: Entry, field: string, choices: readonly [T, ...T[]]): T => {
  const value = textIn(entry, field) ?? choices[0];
  return choices.find((choice) => choice === value) ?? fail(`"${field}" takes ${choices.join(', ')}`);
};

const flagIn = (entry: Entry, field: string): boolean => {
  const value = entry[field] ?? false;
  return typeof value === 'boolean' ? value : fail(`"${field}" takes true or false`);
};

const limitIn = (entry: Entry, field: string, byDefault: number): number => {
  const value = entry[field] ?? byDefault;
  return typeof value === 'number' && Number.isInteger(value) && value >= 1 && value <= LIMIT_MAX
    ? value
    : fail(`"${field}" takes 1 to ${LIMIT_MAX}`);
};

const FIELDS: ReadonlySet<string> = new Set([
  'name', 'kind', 'addresses', 'certificates', 'peers', 'identity', 'identities', 'user', 'country', 'nationalPrefix',
  'internationalPrefix', 'numbersAs', 'callsPerSecondMax', 'callsInSetupMax', 'callsMax', 'transit', 'hidesTopology',
]); // prettier-ignore

const peerUriFault = (uri: string): string | undefined => {
  const parsed = parseSipUri(uri);
  return parsed === undefined || parsed.user !== undefined ? `${uri} is no SIP URI of a host` : undefined;
};

/** Of peers that are addresses, calls are taken too where nothing else says from where. */
const addressesOfPeers = (peers: readonly string[]): readonly string[] =>
  peers.flatMap((uri) => canonicalIp(parseSipUri(uri)?.host ?? '') ?? []);

const identitiesIn = (entry: Entry): readonly IdentityPattern[] =>
  textsIn(entry, 'identities', (text) =>
    readIdentityPattern(text) === undefined ? `${text} is no SIP or tel URI` : undefined,
  ).map((text) => readIdentityPattern(text)!);

const userIn = (entry: Entry, kind: Trunk['kind']): string | undefined => {
  const text = textIn(entry, 'user');
  const user = text === undefined ? undefined : aorOf(text);
  if (text !== undefined && user === undefined) return fail(`"user": ${text} is no SIP or tel URI`);
  if ((kind === 'pbx') !== (user !== undefined)) return fail('"user" belongs to a pbx, and each pbx has one');
  return user;
};

const planIn = (entry: Entry): NumberPlan => {
  const [country, national, international] = [
    textIn(entry, 'country'),
    textIn(entry, 'nationalPrefix'),
    textIn(entry, 'internationalPrefix'),
  ];
  const plan = readNumberPlan({ country, national, international });
  return typeof plan === 'string' ? fail(plan) : plan;
};

const readTrunk = (entry: Entry): Trunk => {
  const unknown = Object.keys(entry).find((field) => !FIELDS.has(field));
  if (unknown !== undefined) return fail(`"${unknown}" is no field of a trunk`);
  const name = textIn(entry, 'name') ?? '';
  if (!NAME.test(name)) return fail('"name" takes small letters, digits and hyphens');
  const kind = choiceIn(entry, 'kind', ['trunk', 'pbx']);
  const peers = textsIn(entry, 'peers', peerUriFault);
  const certificates = textsIn(entry, 'certificates', (text) =>
    HOST.test(text) ? undefined : `${text} is no host`,
  );
  const stated = textsIn(entry, 'addresses', peerFault);
  const addresses = stated.length + certificates.length > 0 ? stated : addressesOfPeers(peers);
  if (addresses.length + certificates.length + peers.length === 0)
    return fail('takes "addresses", "certificates" or "peers"');
  const identity = choiceIn<TrunkIdentity>(
    entry,
    'identity',
    kind === 'pbx' ? ['screened', 'trusted'] : ['untrusted', 'screened', 'trusted'],
  );
  return {
    name,
    kind,
    addresses,
    certificates,
    peers,
    identity,
    identities: identitiesIn(entry),
    user: userIn(entry, kind),
    numbers: planIn(entry),
    numbersAs: choiceIn(entry, 'numbersAs', ['as-is', 'sip', 'tel']),
    callsPerSecondMax: limitIn(entry, 'callsPerSecondMax', RATE_DEFAULT),
    callsInSetupMax: limitIn(entry, 'callsInSetupMax', IN_SETUP_DEFAULT),
    callsMax: limitIn(entry, 'callsMax', CALLS_DEFAULT),
    transit: flagIn(entry, 'transit'),
    hidesTopology: flagIn(entry, 'hidesTopology'),
  };
};

const entriesOf = (json: string): readonly unknown[] => {
  const content: unknown = JSON.parse(json);
  const entries = typeof content === 'object' && content !== null ? (content as Entry)['trunks'] : undefined;
  if (!Array.isArray(entries) || entries.length > TRUNKS_MAX)
    return fail(`takes {"trunks": [ … ]} with at most ${TRUNKS_MAX} entries`);
  return entries as readonly unknown[];
};

/** Reads the file; one wrong entry refuses it. */
export const readTrunks = (json: string): ReadResult<readonly Trunk[]> => {
  const trunks: Trunk[] = [];
  let at = '';
  try {
    for (const [index, entry] of entriesOf(json).entries()) {
      at = `trunks[${index}]: `;
      if (typeof entry !== 'object' || entry === null || Array.isArray(entry))
        return { ok: false, reason: `${at}no object` };
      const trunk = readTrunk(entry as Entry);
      if (trunks.some(({ name }) => name === trunk.name))
        return { ok: false, reason: `${at}a second ${trunk.name}` };
      trunks.push(trunk);
    }
    return { ok: true, value: trunks };
  } catch (error) {
    if (!(error instanceof Fault || error instanceof SyntaxError)) throw error;
    return { ok: false, reason: `${at}${error.message}` };
  }
};
