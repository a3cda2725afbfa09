// The two CSV forms of the provisioning tool: Clearwater's bulk file, read, and SIPp's -inf file, written.
// Bulk: public_id,private_id,realm,password a line (crest's bulk_create), and of a SIM no password but ,k,opc behind it. SIPp: SEQUENTIAL, then one line a user with the
// fields that bench/sipp uses. Pure.

/** Keys of a SIM, hexadecimal. */
export type BulkSim = Readonly<{ k: string; opc: string }>;
export type BulkSubscriber = Readonly<
  { impu: string; impi: string; realm: string } & ({ password: string } | { aka: BulkSim })
>;

export type BulkRead =
  Readonly<{ ok: true; subscribers: readonly BulkSubscriber[] }> | Readonly<{ ok: false; reason: string }>;

/** A longer file is split by who made it. */
export const BULK_LINES_MAX = 1_000_000;
const FAULTS_SHOWN_MAX = 5;

/** A quoted field from its opening quote on; undefined when it does not close. `next` is behind its comma. */
const quotedField = (line: string, from: number): Readonly<{ field: string; next: number }> | undefined => {
  let field = '';
  for (let at = from + 1; at < line.length; at++) {
    if (line[at] !== '"') field += line[at];
    else if (line[at + 1] === '"') {
      field += '"';
      at++;
    } else return at + 1 === line.length || line[at + 1] === ',' ? { field, next: at + 2 } : undefined;
  }
  return undefined;
};

/** Fields of one line; quotes as in RFC 4180, as passwords may hold commas. undefined: quotes that do not close. */
const fieldsOf = (line: string): string[] | undefined => {
  const fields: string[] = [];
  for (let at = 0; at <= line.length;) {
    if (line[at] === '"') {
      const quoted = quotedField(line, at);
      if (!quoted) return undefined;
      fields.push(quoted.field);
      at = quoted.next;
    } else {
      const end = line.indexOf(',', at);
      fields.push(line.slice(at, end < 0 ? undefined : end).trim());
      at = end < 0 ? line.length + 1 : end + 1;
    }
  }
  return fields;
};

const HEADER = 'public_id';

const KEY = /^[0-9a-f]{32}$/i;
export const isKey = (text: string | undefined): text is string => text !== undefined && KEY.test(text);

const secretOf = (
  count: number | undefined,
  password: string | undefined,
  { k, opc }: Partial<Record<keyof BulkSim, string | undefined>>,
): Readonly<{ password: string } | { aka: BulkSim }> | undefined => {
  if (count === 4 && password) return { password };
  return count === 6 && password === '' && isKey(k) && isKey(opc) ? { aka: { k, opc } } : undefined;
};

/** Empty lines, comments (#) and a header line are passed over. */
export const readBulkCsv = (text: string): BulkRead => {
  const lines = text.split(/\r?\n/);
  if (lines.length > BULK_LINES_MAX) return { ok: false, reason: `more than ${BULK_LINES_MAX} lines` };
  const subscribers: BulkSubscriber[] = [];
  const faults: string[] = [];
  lines.forEach((line, index) => {
    if (line.trim() === '' || line.startsWith('#')) return;
    const fields = fieldsOf(line);
    const [impu, impi, realm, password, k, opc] = fields ?? [];
    if (index === 0 && impu?.toLowerCase() === HEADER) return;
    const secret = secretOf(fields?.length, password, { k, opc });
    if (!secret || !impu || !impi || !realm)
      faults.push(`line ${index + 1}: takes public_id,private_id,realm,password, or of a SIM …,realm,,k,opc`);
    else subscribers.push({ impu, impi, realm, ...secret });
  });
  if (faults.length === 0) return { ok: true, subscribers };
  const more = faults.length > FAULTS_SHOWN_MAX ? `; and ${faults.length - FAULTS_SHOWN_MAX} more` : '';
  return { ok: false, reason: `${faults.slice(0, FAULTS_SHOWN_MAX).join('; ')}${more}` };
};

export type Numbered = Readonly<{
  count: number;
  domain: string;
  password: string;
  /** In the password's place, the same for all. */
  aka?: BulkSim;
  /** Of the callers, and of those called. Equal: user n calls user n + 1. */
  prefixes: readonly [string, string];
  first?: number;
}>;

const DIGITS = 6;
const userOf = (prefix: string, index: number): string => `${prefix}${String(index).padStart(DIGITS, '0')}`;

/** `u000000@ims.test`, `u000001@ims.test`, … of each prefix. */
export const numberedSubscribers = ({
  count,
  domain,
  password,
  aka,
  prefixes,
  first = 0,
}: Numbered): BulkSubscriber[] =>
  [...new Set(prefixes)].flatMap((prefix) =>
    Array.from({ length: count }, (_, i) => {
      const impi = `${userOf(prefix, first + i)}@${domain}`;
      return { impu: `sip:${impi}`, impi, realm: domain, ...(aka === undefined ? { password } : { aka }) };
    }),
  );

/** Device of a SIPp process, the same for all its users: two processes must differ. */
const INSTANCES = ['0000000000a1', '0000000000b2'] as const;

/** The users of one prefix and whom each calls: user, domain, SIPp's keyword with password, user called, device. */
export const sippCsv = ({
  count,
  domain,
  password,
  prefixes: [mine, called],
  first = 0,
}: Numbered): string => {
  const instance = mine < 'b' ? INSTANCES[0] : INSTANCES[1];
  const lines = Array.from({ length: count }, (_, i) => {
    const user = userOf(mine, first + i);
    const peer = userOf(called, first + (mine === called ? (i + 1) % count : i));
    const keyword = `[authentication username=${user}@${domain} password=${password}]`;
    return `${user};${domain};${keyword};${peer};${instance}`;
  });
  return ['SEQUENTIAL', ...lines, ''].join('\n');
};
