// Answers in the dialect of the request: text, meta or binary. memcached's protocol.txt and protocol_binary.
// Written by apps/rogers' sessions into an Output.
import type { Output } from './output.js';
import {
  type Change,
  type Failure,
  type Fault,
  type FaultRequest,
  type Form,
  type GetRequest,
  type Item,
  OPCODES,
  type PlainRequest,
  type Request,
} from './request.js';

type Binary = Extract<Form, { dialect: 'binary' }>;
type Meta = Extract<Form, { dialect: 'meta' }>;
type Changing = Exclude<Request, GetRequest | PlainRequest | FaultRequest>;

// ---- Binary frames ----

const STATUS = {
  ok: 0x00, 'not-found': 0x01, exists: 0x02, 'too-large': 0x03, invalid: 0x04, 'not-stored': 0x05,
  unknown: 0x81, full: 0x82, unsupported: 0x83, busy: 0x85, unavailable: 0x86,
} as const; // prettier-ignore
const RESPONSE_MAGIC = 0x81;
const TWO_TO_32 = 2 ** 32;

const u16 = (n: number): string => String.fromCharCode((n >>> 8) & 255, n & 255);
const u32 = (n: number): string => u16(n >>> 16) + u16(n & 0xffff);
const u64 = (n: number): string => u32(Math.floor(n / TWO_TO_32)) + u32(n % TWO_TO_32);

type Body = Readonly<{ extras?: string; key?: string; text?: string; value?: Buffer; cas?: number }>;

const frame = (out: Output, { opcode, opaque }: Binary, status: number, body: Body = {}): void => {
  const { extras = '', key = '', text = '', value, cas = 0 } = body;
  const length = extras.length + key.length + text.length + (value?.length ?? 0);
  const head =
    String.fromCharCode(RESPONSE_MAGIC, opcode) + u16(key.length) + String.fromCharCode(extras.length, 0);
  out.text(head + u16(status) + u32(length) + u32(opaque) + u64(cas) + extras + key + text);
  if (value !== undefined) out.bytes(value);
};

// ---- Gets ----

/** One answer to a get; of a key that failed nothing may be said but that. */
export const replyGet = (out: Output, { form, keys }: GetRequest, found: readonly (Item | undefined | Failure)[]): void => {
  const failed = found.find((one) => one !== undefined && 'failure' in one);
  if (failed !== undefined) return replyFailure(out, form, failed);
  const items = found as readonly (Item | undefined)[];
  switch (form.dialect) {
    case 'text':
      for (const [n, item] of items.entries()) {
        if (item === undefined) continue;
        const cas = form.withCas ? ` ${item.cas}` : '';
        out.text(`VALUE ${keys[n]} ${item.flags} ${item.value.length}${cas}\r\n`);
        out.bytes(item.value);
        out.text('\r\n');
      }
      return out.text('END\r\n');
    case 'meta':
      return metaItem(out, form, keys[0] ?? '', items[0]);
    case 'binary':
      return binaryItem(out, form, keys[0] ?? '', items[0]);
  }
}; // prettier-ignore

const metaItem = (out: Output, form: Meta, key: string, item: Item | undefined): void => {
  const { flags, isQuiet } = form;
  if (item === undefined) return isQuiet ? undefined : out.text('EN\r\n');
  let told = '';
  for (const flag of flags)
    switch (flag.charAt(0)) {
      case 'f': told += ` f${item.flags}`; break;
      case 'c': told += ` c${item.cas}`; break;
      case 's': told += ` s${item.value.length}`; break;
      case 't': told += ` t${item.ttlS}`; break;
      case 'k': told += ` k${key}`; break;
      case 'O': told += ` ${flag}`; break;
      default: break;
    }
  if (!flags.includes('v')) return out.text(`HD${told}\r\n`);
  out.text(`VA ${item.value.length}${told}\r\n`);
  out.bytes(item.value);
  out.text('\r\n');
}; // prettier-ignore

const binaryItem = (out: Output, form: Binary, key: string, item: Item | undefined): void => {
  const withKey = form.opcode === OPCODES.getk || form.opcode === OPCODES.getkq;
  if (item !== undefined)
    return frame(out, form, STATUS.ok, {
      extras: u32(item.flags),
      value: item.value,
      cas: item.cas,
      ...(withKey ? { key } : {}),
    });
  if (form.isQuiet) return;
  frame(out, form, STATUS['not-found'], withKey ? { key } : { text: 'Not found' });
};

// ---- Changes ----

const TEXT_CHANGES = {
  store: { done: 'STORED', exists: 'EXISTS', 'not-stored': 'NOT_STORED', 'not-found': 'NOT_FOUND' },
  delete: { done: 'DELETED', exists: 'EXISTS', 'not-stored': 'NOT_FOUND', 'not-found': 'NOT_FOUND' },
  touch: { done: 'TOUCHED', exists: 'EXISTS', 'not-stored': 'NOT_FOUND', 'not-found': 'NOT_FOUND' },
} as const;
const META_CHANGES = { done: 'HD', exists: 'EX', 'not-stored': 'NS', 'not-found': 'NF' } as const;

export const replyChange = (out: Output, request: Changing, outcome: Change | Failure): void => {
  const { form } = request;
  if ('failure' in outcome) return replyFailure(out, form, outcome);
  const { change, cas } = outcome;
  switch (form.dialect) {
    case 'text':
      return form.isQuiet ? undefined : out.text(`${TEXT_CHANGES[request.verb][change]}\r\n`);
    case 'meta': {
      // q hides what was to be expected: success, and that what is to be deleted is not there.
      if (form.isQuiet && (change === 'done' || (request.verb === 'delete' && change === 'not-found')))
        return;
      let told = '';
      for (const flag of form.flags) {
        if (flag.startsWith('O')) told += ` ${flag}`;
        else if (flag === 'k') told += ` k${request.key}`;
        else if (flag === 'c' && change === 'done') told += ` c${cas}`;
      }
      return out.text(`${META_CHANGES[change]}${told}\r\n`);
    }
    case 'binary':
      return binaryChange(out, form, request, change, cas);
  }
};

const binaryChange = (
  out: Output,
  form: Binary,
  request: Changing,
  change: Change['change'],
  cas: number,
): void => {
  if (change === 'done') return form.isQuiet ? undefined : frame(out, form, STATUS.ok, { cas });
  // memcached says of an add that the key exists, and of a replacement that there is nothing.
  const isStore = request.verb === 'store';
  const status =
    change === 'not-stored' && isStore ? (request.mode === 'add' ? STATUS.exists : STATUS['not-found']) : STATUS[change];
  frame(out, form, status, { text: status === STATUS.exists ? 'Data exists for key.' : 'Not found' });
}; // prettier-ignore

// ---- Faults ----

const FAILURES: Readonly<Record<Failure['failure'], string>> = {
  unavailable: 'temporary failure',
  busy: 'too busy',
  full: 'out of memory storing object',
  'too-large': 'object too large for cache',
};

export const replyFailure = (out: Output, form: Form, { failure }: Failure): void => {
  const text = FAILURES[failure];
  if (form.dialect === 'binary') frame(out, form, STATUS[failure], { text });
  else out.text(`SERVER_ERROR ${text}\r\n`);
};

const FAULTS: Readonly<Record<Fault, readonly [line: string, status: number]>> = {
  unknown: ['ERROR', STATUS.unknown],
  unsupported: ['SERVER_ERROR not supported', STATUS.unsupported],
  'bad-line': ['CLIENT_ERROR bad command line format', STATUS.invalid],
  'bad-key': ['CLIENT_ERROR bad key', STATUS.invalid],
  'bad-data': ['CLIENT_ERROR bad data chunk', STATUS.invalid],
  'too-large': ['SERVER_ERROR object too large for cache', STATUS['too-large']],
  'too-many': ['CLIENT_ERROR too many keys', STATUS.invalid],
  'bad-frame': ['CLIENT_ERROR bad frame', STATUS.invalid],
};

export const replyFault = (out: Output, { form, fault }: FaultRequest): void => {
  const [line, status] = FAULTS[fault];
  if (form.dialect === 'binary') frame(out, form, status, { text: line });
  else out.text(`${line}\r\n`);
};

// ---- The rest ----

export type Told = Readonly<{ version: string; stats: readonly (readonly [name: string, value: string])[] }>;

export const replyPlain = (out: Output, { form, verb }: PlainRequest, { version, stats }: Told): void => {
  if (form.dialect === 'binary') {
    if (verb === 'stats') for (const [key, text] of stats) frame(out, form, STATUS.ok, { key, text });
    if (!form.isQuiet) frame(out, form, STATUS.ok, verb === 'version' ? { text: version } : {});
    return;
  }
  switch (verb) {
    case 'version':
      return out.text(`VERSION ${version}\r\n`);
    case 'stats':
      for (const [name, value] of stats) out.text(`STAT ${name} ${value}\r\n`);
      return out.text('END\r\n');
    case 'noop':
      return out.text('MN\r\n');
    case 'verbosity':
      return form.isQuiet ? undefined : out.text('OK\r\n');
    case 'quit':
      return;
  }
};
