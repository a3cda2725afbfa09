// A row as text, in less than half of what its JSON takes (docs/adr/0014-compact-rows.md): places instead of names, and each text that others are
// made of once. The first character is the version; a row of before begins with `{`. Used by registrations-by-aor.store.ts.
import type { Position } from '#libs/decider';
import type { Binding, BindingEntry, Registration } from '#libs/domain';

const VERSION = '1';
const JSON_ROW = '{';

type PackedPosition = readonly [generation: number, partition: number, offset: number];

/** What is not in its place, as it would be in JSON; 0: nothing. */
type Rest<T> = Partial<T> | 0;

/** Prefix and suffix of what is between them in another text. */
type Around = readonly [string, string];

/** 0: the one of To alone; a 0 first: that one first. */
type PackedIdentities = readonly (string | 0)[] | 0;

/** The text itself; 0: it follows from another. */
type PackedBinding = readonly [
  impu: string,
  contact: string | readonly [string],
  params: string | Around,
  callId: string,
  cseq: number,
  expiresAtMs: number,
  grantedS: number,
  path: string | readonly string[],
  impi: string | 0,
  identities: PackedIdentities,
  instance: string | null,
  regId: number | null,
  userAgent: string | null,
  visitedNetwork: string | null,
  rest: Rest<Binding>,
];

type PackedEntry = readonly [
  bindingId: string,
  at: PackedPosition,
  /** 0: when the binding expires. */
  grantedUntilMs: number,
  /** 0: a tombstone. */
  binding: PackedBinding | 0,
  rest: Rest<BindingEntry>,
];

type PackedRow = readonly [entries: readonly PackedEntry[], rest: Rest<Registration>];

const SIP = 'sip:';
const PATH_START = '<sip:';
const PATH_END = ';transport=tcp;lr;ob>';

const packPosition = ({ generation, partition, offset }: Position): PackedPosition => [
  generation,
  partition,
  offset,
];

const unpackPosition = ([generation, partition, offset]: PackedPosition): Position => ({
  generation,
  partition,
  offset,
});

/** What has no place: rare, and looked for without making anything. */
const restOf = <T extends object>(object: T, placed: ReadonlySet<string>): Rest<T> => {
  let rest: Partial<T> | 0 = 0;
  for (const key in object)
    if (!placed.has(key)) {
      if (rest === 0) rest = {};
      rest[key] = object[key];
    }
  return rest;
};

const PLACED_IN_ROW: ReadonlySet<string> = new Set(['entries']);
const PLACED_IN_ENTRY: ReadonlySet<string> = new Set(['at', 'binding', 'grantedUntilMs']);
/** `bindingId` and `q` follow, or are among the rest. */
const PLACED_IN_BINDING: ReadonlySet<string> = new Set([
  'bindingId', 'contact', 'params', 'q', 'instance', 'regId', 'callId', 'cseq', 'expiresAtMs', 'grantedS', 'path', 'impi', 'impu', 'identities',
  'userAgent', 'visitedNetwork',
]); // prettier-ignore

/** `<urn:uuid:…>` of `<urn:uuid:…>:1`: devices repeat it among the parameters of their Contact. */
const instanceIn = (bindingId: string): string => {
  const end = bindingId.charAt(0) === '<' ? bindingId.indexOf('>') : -1;
  return end < 0 ? '' : bindingId.slice(0, end + 1);
};

const packParams = (params: string, instance: string): string | Around => {
  const at = instance === '' ? -1 : params.indexOf(instance);
  return at < 0 ? params : [params.slice(0, at), params.slice(at + instance.length)];
};

/** `sip:user@` of a public identity. */
const userPart = (impu: string): string => impu.slice(0, impu.indexOf('@') + 1);

const packContact = (contact: string, impu: string): string | readonly [string] => {
  const user = userPart(impu);
  return user !== '' && contact.startsWith(user) ? [contact.slice(user.length)] : contact;
};

const packPath = (path: readonly string[]): string | readonly string[] => {
  const [only] = path;
  const isUsual =
    only !== undefined &&
    path.length === 1 &&
    only.length >= PATH_START.length + PATH_END.length &&
    only.startsWith(PATH_START) &&
    only.endsWith(PATH_END);
  return isUsual ? only.slice(PATH_START.length, -PATH_END.length) : path;
};

const packIdentities = (identities: readonly string[], impu: string): PackedIdentities => {
  if (identities[0] !== impu) return identities;
  return identities.length === 1 ? 0 : [0, ...identities.slice(1)];
};

const packBinding = (binding: Binding, bindingId: string): PackedBinding => {
  const { impu, impi } = binding;
  let rest = restOf(binding, PLACED_IN_BINDING);
  if (binding.q !== 1) rest = { ...(rest || {}), q: binding.q };
  if (binding.bindingId !== bindingId) rest = { ...(rest || {}), bindingId: binding.bindingId };
  return [
    impu,
    packContact(binding.contact, impu),
    packParams(binding.params, instanceIn(bindingId)),
    binding.callId,
    binding.cseq,
    binding.expiresAtMs,
    binding.grantedS,
    packPath(binding.path),
    impu === SIP + impi ? 0 : impi,
    packIdentities(binding.identities, impu),
    binding.instance ?? null,
    binding.regId ?? null,
    binding.userAgent ?? null,
    binding.visitedNetwork ?? null,
    rest,
  ];
};

const unpackIdentities = (packed: PackedIdentities, impu: string): readonly string[] =>
  packed === 0 ? [impu] : packed.map((one) => (one === 0 ? impu : one));

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

const unpackBinding = (packed: PackedBinding, bindingId: string): Binding => {
  const [impu, contact, params, callId, cseq, expiresAtMs, grantedS, path, impi, identities] = packed;
  const binding: Mutable<Binding> = {
    bindingId,
    contact: typeof contact === 'string' ? contact : userPart(impu) + contact[0],
    params: typeof params === 'string' ? params : params[0] + instanceIn(bindingId) + params[1],
    q: 1,
    callId,
    cseq,
    expiresAtMs,
    grantedS,
    path: typeof path === 'string' ? [PATH_START + path + PATH_END] : path,
    impi: impi === 0 ? impu.slice(SIP.length) : impi,
    impu,
    identities: unpackIdentities(identities, impu),
  };
  const [, , , , , , , , , , instance, regId, userAgent, visitedNetwork, rest] = packed;
  if (instance !== null) binding.instance = instance;
  if (regId !== null) binding.regId = regId;
  if (userAgent !== null) binding.userAgent = userAgent;
  if (visitedNetwork !== null) binding.visitedNetwork = visitedNetwork;
  return rest === 0 ? binding : Object.assign(binding, rest);
};

const packEntry = (bindingId: string, entry: BindingEntry): PackedEntry => {
  const { at, grantedUntilMs, binding } = entry;
  const rest = restOf(entry, PLACED_IN_ENTRY);
  const isZero = grantedUntilMs === 0 && binding !== undefined && binding.expiresAtMs !== 0;
  return [
    bindingId,
    packPosition(at),
    grantedUntilMs === binding?.expiresAtMs ? 0 : grantedUntilMs,
    binding === undefined ? 0 : packBinding(binding, bindingId),
    // A 0 in its place says that it follows.
    isZero ? { ...(rest || {}), grantedUntilMs } : rest,
  ];
};

const unpackEntry = ([bindingId, at, grantedUntilMs, packed, rest]: PackedEntry): BindingEntry => {
  const binding = packed === 0 ? undefined : unpackBinding(packed, bindingId);
  const untilMs = binding !== undefined && grantedUntilMs === 0 ? binding.expiresAtMs : grantedUntilMs;
  const entry: BindingEntry = { at: unpackPosition(at), binding, grantedUntilMs: untilMs };
  return rest === 0 ? entry : Object.assign(entry, rest);
};

export const encodeRow = (row: Registration): string => {
  const entries: PackedEntry[] = [];
  for (const bindingId in row.entries) entries.push(packEntry(bindingId, row.entries[bindingId]!));
  const packed: PackedRow = [entries, restOf(row, PLACED_IN_ROW)];
  return VERSION + JSON.stringify(packed);
};

/** Throws for what is no row of this version or the one before. */
export const decodeRow = (text: string): Registration => {
  // JSON.parse makes `__proto__` an ordinary key, and the fold reads and copies own keys only.
  if (text.startsWith(JSON_ROW)) return JSON.parse(text) as Registration;
  if (!text.startsWith(VERSION)) throw new Error('a registration row of a version that is not known here');
  const [packed, rest] = JSON.parse(text.slice(VERSION.length)) as PackedRow;
  const entries = Object.create(null) as Record<string, BindingEntry>;
  for (const entry of packed) entries[entry[0]] = unpackEntry(entry);
  return rest === 0 ? { entries } : { entries, ...rest };
};
