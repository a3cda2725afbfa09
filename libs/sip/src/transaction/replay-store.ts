// The answers to non-INVITEs over UDP for as long as a retransmission may ask for them: the Completed state of RFC 3261
// §17.2.2 and its timer J, kept as bytes outside the heap. A busy edge holds a hundred thousand of them; as objects they
// would be most of what the garbage collector moves. Owner: endpoint.ts.
import type { Flow } from '../transport/transport.port.js';
import type { Monotonic } from './timer-wheel.js';

/**
 * Bytes of answers that are kept (and a sixth more for what finds them); at the bound the oldest are forgotten, and who asks
 * for one is taken for a new request.
 */
export const REPLAY_BYTES_MAX = 134_217_728;
/** A longer answer, with its key, is not kept: a few senders of such could push out those of all others. */
export const REPLAY_ANSWER_BYTES_MAX = 16_384;
/** Entries with the same hash that are looked at; there are none but by chance. */
const SAME_HASH_MAX = 32;
const REPLAY_BYTES_MIN = 131_072;
/** As short as an answer with its key may be: sets how many entries a ring of so many bytes can need. */
const ENTRY_BYTES_MIN = 256;
const NONE = -1;

/**
 * Who may have an answer again: only the address that got it, by the listener that it came by. A branch is no secret, as every
 * element behind the client reads it. The port may change, with the binding of a NAT.
 */
export const replayKey = (key: string, flow: Flow): string => `${flow.listener} ${flow.remoteAddress} ${key}`;

/** One ring: bytes, and a table of what is in them. Entries are numbered in their order; all counts are powers of two. */
class Ring {
  readonly bytes: Buffer;
  readonly count: number;
  readonly start: Int32Array;
  readonly keyLength: Int32Array;
  readonly length: Int32Array;
  readonly hash: Int32Array;
  readonly untilMs: Float64Array;
  /** Number of the entry before it in its bucket: NONE, or one that has perhaps been forgotten since. */
  readonly before: Float64Array;
  /** Number of the youngest entry of each bucket. */
  readonly bucket: Float64Array;

  constructor(size: number) {
    const count = size / ENTRY_BYTES_MIN;
    this.bytes = Buffer.allocUnsafeSlow(size);
    this.count = count;
    this.start = new Int32Array(count);
    this.keyLength = new Int32Array(count);
    this.length = new Int32Array(count);
    this.hash = new Int32Array(count);
    this.untilMs = new Float64Array(count);
    this.before = new Float64Array(count);
    this.bucket = new Float64Array(count).fill(NONE);
  }
}

export class ReplayStore {
  #ring: Ring;
  /** Entries from #first up to #next are held. The numbers only grow, beyond 32 bits: `&` takes their lower ones. */
  #first = 0;
  #next = 0;
  /** Where the next answer is written. */
  #head = 0;
  /** Answers that had to go before their time. */
  forgotten = 0;

  /** `bytesMax` is a power of two. */
  constructor(
    private readonly clock: Monotonic,
    private bytesMax = REPLAY_BYTES_MAX,
  ) {
    this.#ring = new Ring(Math.min(REPLAY_BYTES_MIN, bytesMax));
  }

  /** Answers that are held, those past their time included. */
  get size(): number {
    return this.#next - this.#first;
  }

  /** Keeps the answer to the request with this key for `lifeMs`; equal keys have equal hashes. Both are texts of bytes (latin1), as all of SIP is here. */
  add(key: string, hash: number, answer: string, lifeMs: number): void {
    const length = key.length + answer.length;
    const nowMs = this.clock.monotonicMs();
    this.#forgetExpired(nowMs);
    if (!this.#makeRoom(length)) return;
    const ring = this.#ring;
    ring.bytes.write(key + answer, this.#head, 'latin1');
    this.#enter(ring, length, key.length, hash, nowMs + lifeMs);
  }

  /** The answer to that request, while it is kept. */
  find(key: string, hash: number): string | undefined {
    if (this.#first === this.#next) return undefined;
    const ring = this.#ring;
    const mask = ring.count - 1;
    let number = ring.bucket[hash & mask]!;
    let left = SAME_HASH_MAX;
    for (; number >= this.#first; number = ring.before[number & mask]!) {
      const entry = number & mask;
      if (ring.hash[entry] !== hash) continue;
      if (left-- === 0) return undefined;
      if (ring.keyLength[entry] !== key.length) continue;
      const start = ring.start[entry]!;
      const answerAt = start + key.length;
      if (ring.bytes.toString('latin1', start, answerAt) !== key) continue;
      if (ring.untilMs[entry]! <= this.clock.monotonicMs()) return undefined;
      return ring.bytes.toString('latin1', answerAt, start + ring.length[entry]!);
    }
    return undefined;
  }

  #enter(ring: Ring, length: number, keyLength: number, hash: number, untilMs: number): void {
    const mask = ring.count - 1;
    const number = this.#next++;
    const entry = number & mask;
    ring.start[entry] = this.#head;
    ring.keyLength[entry] = keyLength;
    ring.length[entry] = length;
    ring.hash[entry] = hash;
    ring.untilMs[entry] = untilMs;
    ring.before[entry] = ring.bucket[hash & mask]!;
    ring.bucket[hash & mask] = number;
    this.#head += length;
  }

  #forgetExpired(nowMs: number): void {
    const { untilMs, count } = this.#ring;
    while (this.#first < this.#next && untilMs[this.#first & (count - 1)]! <= nowMs) this.#first++;
    if (this.#first === this.#next) this.#head = 0;
  }

  /** Moves #head to where `length` bytes are free, if need be in a larger ring or in the place of the oldest answers. */
  #makeRoom(length: number): boolean {
    if (length > REPLAY_ANSWER_BYTES_MAX || length > this.bytesMax) return false;
    while (!this.#fits(length)) {
      if (this.#ring.bytes.length < this.bytesMax && this.#grow()) continue;
      this.#first++;
      this.forgotten++;
    }
    return true;
  }

  #fits(length: number): boolean {
    const { bytes, start, count } = this.#ring;
    if (this.size === count) return false;
    if (this.size === 0) {
      this.#head = 0;
      return length <= bytes.length;
    }
    const oldest = start[this.#first & (count - 1)]!;
    if (this.#head <= oldest) return this.#head + length <= oldest; // equal: full to the last byte
    if (this.#head + length <= bytes.length) return true;
    if (length > oldest) return false;
    this.#head = 0;
    return true;
  }

  /** False when there is no more memory: then it stays as large as it is. */
  #grow(): boolean {
    const old = this.#ring;
    const ring = ringOf(old.bytes.length * 2);
    if (ring === undefined) {
      this.bytesMax = old.bytes.length;
      return false;
    }
    const end = this.#next;
    this.#ring = ring;
    this.#next = this.#first;
    this.#head = 0;
    for (let number = this.#first; number < end; number++) {
      const entry = number & (old.count - 1);
      const start = old.start[entry]!;
      const length = old.length[entry]!;
      old.bytes.copy(ring.bytes, this.#head, start, start + length);
      this.#enter(ring, length, old.keyLength[entry]!, old.hash[entry]!, old.untilMs[entry]!);
    }
    return true;
  }
}

const ringOf = (bytes: number): Ring | undefined => {
  try {
    return new Ring(bytes);
  } catch (error) {
    if (error instanceof RangeError) return undefined;
    throw error;
  }
};
