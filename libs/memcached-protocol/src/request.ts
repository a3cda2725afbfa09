// What a memcached client asks, the same for all three dialects (text, meta, binary), with what its answer needs in `form`.
// Read by request-reader.ts; answered by replies.ts. Keys are Latin-1: one character a byte.

/** How a request is to be answered. */
export type Form =
  | Readonly<{ dialect: 'text'; isQuiet: boolean; withCas: boolean }>
  | Readonly<{ dialect: 'meta'; isQuiet: boolean; flags: readonly string[] }>
  | Readonly<{ dialect: 'binary'; isQuiet: boolean; opcode: number; opaque: number }>;

export type Mode = 'set' | 'add' | 'replace';

export type GetRequest = Readonly<{ verb: 'get'; form: Form; keys: readonly string[] }>;
export type StoreRequest = Readonly<{
  verb: 'store';
  form: Form;
  key: string;
  mode: Mode;
  flags: number;
  /** As memcached has it: 0 never, up to 30 days from now, else seconds since 1970; negative: over. */
  exptime: number;
  /** 0: whatever is there. A number that cannot be held exactly is none that was ever given. */
  cas: number;
  value: Buffer;
}>;
export type DeleteRequest = Readonly<{ verb: 'delete'; form: Form; key: string; cas: number }>;
export type TouchRequest = Readonly<{ verb: 'touch'; form: Form; key: string; exptime: number }>;
export type PlainRequest = Readonly<{
  verb: 'version' | 'stats' | 'noop' | 'verbosity' | 'quit';
  form: Form;
}>;
export type FaultRequest = Readonly<{
  verb: 'fault';
  form: Form;
  fault: Fault;
  /** What follows cannot be told from it: to be closed after the answer. */
  isFatal: boolean;
}>;
export type Request = GetRequest | StoreRequest | DeleteRequest | TouchRequest | PlainRequest | FaultRequest;

/** Why a request is none. */
export type Fault =
  'unknown' | 'unsupported' | 'bad-line' | 'bad-key' | 'bad-data' | 'too-large' | 'too-many' | 'bad-frame';

// ---- What came of it ----

export type Item = Readonly<{ flags: number; cas: number; value: Buffer; ttlS: number }>;
/** Nothing could be found out, or done: never to be taken for a miss. */
export type Failure = Readonly<{ failure: 'unavailable' | 'busy' | 'full' | 'too-large' }>;
export type Change = Readonly<{ change: 'done' | 'exists' | 'not-stored' | 'not-found'; cas: number }>;

export const OPCODES = {
  get: 0x00, set: 0x01, add: 0x02, replace: 0x03, delete: 0x04, quit: 0x07, getq: 0x09, noop: 0x0a, version: 0x0b,
  getk: 0x0c, getkq: 0x0d, stat: 0x10, setq: 0x11, addq: 0x12, replaceq: 0x13, deleteq: 0x14, quitq: 0x17, touch: 0x1c,
} as const; // prettier-ignore
