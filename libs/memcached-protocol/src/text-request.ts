// One line of the text or meta dialect as a request. memcached's protocol.txt.
// Used by request-reader.ts, which brings the value of a store.
import { KEY_BYTES_MAX, KEYS_MAX, META_FLAGS_MAX, OPAQUE_BYTES_MAX } from './bounds.js';
import type { Fault, Form, Mode, Request, StoreRequest } from './request.js';

/** A store whose value follows the line; with a fault it is read and passed over. */
export type Announced = Readonly<{
  store: Omit<StoreRequest, 'value'>;
  length: number;
  fault?: Fault;
}>;

export const TEXT: Form = { dialect: 'text', isQuiet: false, withCas: false };
const TEXT_CAS: Form = { dialect: 'text', isQuiet: false, withCas: true };
const TEXT_QUIET: Form = { dialect: 'text', isQuiet: true, withCas: false };

/** NaN for what is no whole number. */
const wholeOf = (text: string | undefined): number =>
  text !== undefined && /^\d{1,20}$/.test(text) ? Number(text) : NaN;
const exptimeOf = (text: string | undefined): number =>
  text !== undefined && /^-?\d{1,15}$/.test(text) ? Number(text) : NaN;
const FLAGS_MAX = 0xffffffff;
const VALUE_ANNOUNCED_MAX = 2 ** 31;

export const isKey = (key: string | undefined): key is string => {
  if (key === undefined || key.length === 0 || key.length > KEY_BYTES_MAX) return false;
  for (let at = 0; at < key.length; at += 1) {
    const code = key.charCodeAt(at);
    if (code <= 32 || code === 127) return false;
  }
  return true;
};

const fault = (what: Fault, form: Form = TEXT): Request => ({
  verb: 'fault',
  form,
  fault: what,
  isFatal: false,
});

export const readLine = (line: string): Request | Announced => {
  const words = line.split(' ').filter((word) => word !== '');
  switch (words[0]) {
    case 'get':
      return readGet(words, TEXT);
    case 'gets':
      return readGet(words, TEXT_CAS);
    case 'set':
    case 'add':
    case 'replace':
    case 'append':
    case 'prepend':
    case 'cas':
      return readStore(words[0], words);
    case 'delete':
      return readDelete(words);
    case 'touch':
      return readTouch(words);
    case 'mg':
    case 'ms':
    case 'md':
    case 'mn':
      return readMeta(words[0], words);
    case 'version':
    case 'stats':
    case 'quit':
      return { verb: words[0], form: TEXT };
    case 'verbosity':
      return { verb: 'verbosity', form: words.at(-1) === 'noreply' ? TEXT_QUIET : TEXT };
    case 'incr':
    case 'decr':
    case 'gat':
    case 'gats':
    case 'flush_all':
    case 'ma':
    case 'me':
      return fault('unsupported');
    default:
      return fault('unknown');
  }
};

const readGet = (words: readonly string[], form: Form): Request => {
  const keys = words.slice(1);
  if (keys.length === 0) return fault('unknown');
  if (keys.length > KEYS_MAX) return fault('too-many');
  return keys.every(isKey) ? { verb: 'get', form, keys } : fault('bad-key');
};

const readStore = (command: string, words: readonly string[]): Request | Announced => {
  const [, key, flagsText, exptimeText, lengthText] = words;
  const isCas = command === 'cas';
  const wanted = isCas ? 6 : 5;
  const length = wholeOf(lengthText);
  const isQuiet = words[wanted] === 'noreply';
  if (Number.isNaN(length) || length > VALUE_ANNOUNCED_MAX || words.length > wanted + 1)
    return fault('bad-line');
  const flags = wholeOf(flagsText);
  const exptime = exptimeOf(exptimeText);
  const cas = isCas ? wholeOf(words[5]) : 0;
  const isSupported = command !== 'append' && command !== 'prepend';
  const isSound = flags <= FLAGS_MAX && !Number.isNaN(exptime) && !Number.isNaN(cas);
  const what = !isKey(key) ? 'bad-key' : !isSound ? 'bad-line' : !isSupported ? 'unsupported' : undefined;
  const mode: Mode = command === 'add' || command === 'replace' ? command : 'set';
  // A compare-and-set with 0 names a number that nothing has.
  const named = isCas && cas === 0 ? -1 : cas;
  const store = { verb: 'store', form: isQuiet ? TEXT_QUIET : TEXT, key: key ?? '', mode, flags, exptime, cas: named } as const; // prettier-ignore
  return { store, length, ...(what === undefined ? {} : { fault: what }) };
};

const readDelete = (words: readonly string[]): Request => {
  const [, key, ...rest] = words;
  const isQuiet = rest.at(-1) === 'noreply';
  const others = isQuiet ? rest.slice(0, -1) : rest;
  if (!isKey(key)) return fault('bad-key');
  // `delete key 0` is what old clients send.
  if (others.length > 1 || (others.length === 1 && others[0] !== '0')) return fault('bad-line');
  return { verb: 'delete', form: isQuiet ? TEXT_QUIET : TEXT, key, cas: 0 };
};

const readTouch = (words: readonly string[]): Request => {
  const [, key, exptimeText, last] = words;
  const exptime = exptimeOf(exptimeText);
  if (!isKey(key)) return fault('bad-key');
  if (Number.isNaN(exptime) || words.length > 4) return fault('bad-line');
  return { verb: 'touch', form: last === 'noreply' ? TEXT_QUIET : TEXT, key, exptime };
};

// ---- Meta ----

const META_MODES: Readonly<Record<string, Mode>> = {
  E: 'add', e: 'add', add: 'add', S: 'set', s: 'set', set: 'set', R: 'replace', r: 'replace', replace: 'replace',
}; // prettier-ignore
/** Flags that a command takes, by their first letter. */
const META_TAKES = { mg: 'vfckstOq', ms: 'CFTMOkqcI', md: 'COkq', mn: '' } as const;

const readMeta = (command: 'mg' | 'ms' | 'md' | 'mn', words: readonly string[]): Request | Announced => {
  if (command === 'mn') return { verb: 'noop', form: { dialect: 'meta', isQuiet: false, flags: [] } };
  const key = words[1];
  const flags = words.slice(command === 'ms' ? 3 : 2);
  const form: Form = { dialect: 'meta', isQuiet: flags.includes('q'), flags };
  const loud: Form = { ...form, isQuiet: false };
  const valueOf = (letter: string): string | undefined =>
    flags.find((flag) => flag.startsWith(letter))?.slice(1);
  const cas = valueOf('C') === undefined ? 0 : wholeOf(valueOf('C')) || -1;
  const what = metaFault(command, key, flags);
  switch (command) {
    case 'mg':
      return what === undefined ? { verb: 'get', form, keys: [key ?? ''] } : fault(what, loud);
    case 'md':
      return what === undefined ? { verb: 'delete', form, key: key ?? '', cas } : fault(what, loud);
    case 'ms': {
      const length = wholeOf(words[2]);
      if (Number.isNaN(length) || length > VALUE_ANNOUNCED_MAX) return fault('bad-line', loud);
      const exptime = exptimeOf(valueOf('T') ?? '0');
      const clientFlags = wholeOf(valueOf('F') ?? '0');
      const mode = META_MODES[valueOf('M') ?? 'set'];
      const isSound = mode !== undefined && !Number.isNaN(exptime) && clientFlags <= FLAGS_MAX;
      const why = what ?? (isSound ? undefined : mode === undefined ? 'unsupported' : 'bad-line');
      const store = { verb: 'store', form, key: key ?? '', mode: mode ?? 'set', flags: clientFlags, exptime, cas } as const; // prettier-ignore
      return { store, length, ...(why === undefined ? {} : { fault: why }) };
    }
  }
};

const metaFault = (
  command: 'mg' | 'ms' | 'md',
  key: string | undefined,
  flags: readonly string[],
): Fault | undefined => {
  if (!isKey(key)) return 'bad-key';
  if (flags.length > META_FLAGS_MAX) return 'bad-line';
  for (const flag of flags) {
    if (flag === 'I' || !META_TAKES[command].includes(flag.charAt(0))) return 'unsupported';
    if (flag.startsWith('O') && flag.length > OPAQUE_BYTES_MAX + 1) return 'bad-line';
  }
  return undefined;
};
