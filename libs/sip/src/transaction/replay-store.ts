// The answers to non-INVITEs over UDP for as long as a retransmission may ask for them: the Completed state of RFC 3261
// §17.2.2 and its timer J, kept as bytes outside the heap. A busy edge holds a hundred thousand of them; as objects they
// would be most of what the garbage collector moves. Owner: endpoint.ts.
import type { Flow } from '../transport/transport.port.js';
import type { Monotonic, TimerWheel } from './timer-wheel.js';

/**
 * Bytes of answers that are kept (and an eighth more for what finds them). At the bound the oldest are forgotten, a chunk of
 * them at a time, and who asks for one is taken for a new request.
 */
export const REPLAY_BYTES_MAX = 134_217_728;
const CHUNK_BYTES = 1_048_576;
/** A longer answer, with its key, is not kept: a few senders of such could push out those of all others. */
export const REPLAY_ANSWER_BYTES_MAX = 16_384;
/** As short as an answer with its key is taken to be: sets how many a chunk can have. */
const ANSWER_BYTES_MIN = 256;
/** Entries with the same hash that are looked at; there are none but by chance. */
const SAME_HASH_MAX = 32;
/** A bucket for so many bytes: 131,072 of the usual bound. */
const BYTES_PER_BUCKET = 1_024;
/** How often chunks are looked at that are past their time, while an answer lives. */
const SWEEPS_A_LIFE = 4;
/** No entry has this number. */
const NONE = 0;

/**
 * Who may have an answer again: only the address that got it, by the listener that it came by. A branch is no secret, as every
 * element behind the client reads it. The port may change, with the binding of a NAT.
 */
export const replayKey = (key: string, flow: Flow): string => `${flow.listener} ${flow.remoteAddress} ${key}`;

/**
 * Answers one behind the other, and a table of them. Chunks are made as they are needed and used again, never copied; what a burst
 * needed more is given back when its time is over.
 */
class Chunk {
  readonly bytes: Buffer;
  readonly start: Int32Array;
  readonly keyLength: Int32Array;
  readonly length: Int32Array;
  readonly hash: Int32Array;
  readonly untilMs: Float64Array;
  /** Number of the entry before it in its bucket: NONE, or one that has perhaps been forgotten since. */
  readonly before: Float64Array;
  /** Entries and bytes in use. */
  count = 0;
  used = 0;

  constructor(size: number) {
    const entries = Math.ceil(size / ANSWER_BYTES_MIN);
    // One that could be resized is mapped by itself, and resizing it to nothing gives it back to the system. The allocator keeps
    // what is freed, up to 32 MiB at a time, once it has seen one freed that large.
    this.bytes = Buffer.from(new ArrayBuffer(size, { maxByteLength: size }), 0, size);
    this.start = new Int32Array(entries);
    this.keyLength = new Int32Array(entries);
    this.length = new Int32Array(entries);
    this.hash = new Int32Array(entries);
    this.untilMs = new Float64Array(entries);
    this.before = new Float64Array(entries);
  }

  hasRoom(length: number): boolean {
    return this.count < this.start.length && this.used + length <= this.bytes.length;
  }

  /** Is the youngest, hence all, past its time? */
  isOver(nowMs: number): boolean {
    return this.count === 0 || this.untilMs[this.count - 1]! <= nowMs;
  }

  /** Gives its memory back at once, where the garbage collector would wait for work. */
  free(): void {
    (this.bytes.buffer as ArrayBuffer).resize(0);
  }

  text(from: number, to: number): string {
    return this.bytes.toString('latin1', from, to);
  }
}

export type ReplayLimits = Readonly<{ bytesMax: number; chunkBytes: number }>;

export class ReplayStore {
  /** Oldest first; the last one is being filled. */
  readonly #chunks: Chunk[] = [];
  /** Number of the first chunk; an entry's number is that of its chunk times the chunk's entries, and its place there. */
  #firstChunk = 1;
  /** Number of the youngest entry of each bucket; there with the first answer. */
  #buckets: Float64Array | undefined;
  readonly #chunkBytes: number;
  readonly #chunksMax: number;
  readonly #perChunk: number;
  /** A power of two. */
  readonly #bucketCount: number;
  #isSweeping = false;

  /** `bytesMax` is kept to by whole chunks, of which there is at least one. */
  constructor(
    private readonly timers: Pick<TimerWheel, 'after'> & Readonly<{ clock: Monotonic }>,
    /** Counts the answers that had to go before their time. */
    private readonly counters: { replaysForgotten: number },
    { bytesMax = REPLAY_BYTES_MAX, chunkBytes = CHUNK_BYTES }: Partial<ReplayLimits> = {},
  ) {
    this.#chunkBytes = Math.min(chunkBytes, bytesMax);
    this.#chunksMax = Math.max(1, Math.floor(bytesMax / chunkBytes));
    this.#perChunk = Math.ceil(this.#chunkBytes / ANSWER_BYTES_MIN);
    this.#bucketCount = 2 ** Math.ceil(Math.log2(Math.max(1, bytesMax / BYTES_PER_BUCKET)));
  }

  /** Answers that are held, those past their time included. */
  get size(): number {
    return this.#chunks.reduce((sum, { count }) => sum + count, 0);
  }

  /**
   * Keeps the answer to the request with this key for `lifeMs`, the same for all; equal keys have equal hashes. Both are texts
   * of bytes (latin1), as all of SIP is here.
   */
  add(key: string, hash: number, answer: string, lifeMs: number): void {
    const length = key.length + answer.length;
    if (length > REPLAY_ANSWER_BYTES_MAX || length > this.#chunkBytes) return;
    const nowMs = this.timers.clock.monotonicMs();
    const newest = this.#chunks.at(-1);
    const chunk = newest?.hasRoom(length) ? newest : this.#nextChunk(nowMs);
    if (!this.#isSweeping && this.#chunks.length > 1) this.#sweepAfter(lifeMs);
    const buckets = (this.#buckets ??= new Float64Array(this.#bucketCount));
    const bucket = hash & (this.#bucketCount - 1);
    const entry = chunk.count++;
    chunk.bytes.write(key + answer, chunk.used, 'latin1');
    chunk.start[entry] = chunk.used;
    chunk.keyLength[entry] = key.length;
    chunk.length[entry] = length;
    chunk.hash[entry] = hash;
    chunk.untilMs[entry] = nowMs + lifeMs;
    chunk.before[entry] = buckets[bucket]!;
    chunk.used += length;
    buckets[bucket] = (this.#firstChunk + this.#chunks.length - 1) * this.#perChunk + entry;
  }

  /** The answer to that request, while it is kept. */
  find(key: string, hash: number): string | undefined {
    if (this.#buckets === undefined) return undefined;
    const oldest = this.#firstChunk * this.#perChunk;
    let left = SAME_HASH_MAX;
    let number = this.#buckets[hash & (this.#bucketCount - 1)]!;
    while (number !== NONE && number >= oldest) {
      const place = number - oldest;
      const chunk = this.#chunks[Math.floor(place / this.#perChunk)]!;
      const entry = place % this.#perChunk;
      number = chunk.before[entry]!;
      if (chunk.hash[entry] !== hash) continue;
      if (left-- === 0) return undefined;
      const start = chunk.start[entry]!;
      const answerAt = start + chunk.keyLength[entry]!;
      if (answerAt - start !== key.length || chunk.text(start, answerAt) !== key) continue;
      if (chunk.untilMs[entry]! <= this.timers.clock.monotonicMs()) return undefined;
      return chunk.text(answerAt, start + chunk.length[entry]!);
    }
    return undefined;
  }

  /** With one chunk there is nothing to give back, and no timer: one that runs keeps the wheel turning. */
  #sweepAfter(lifeMs: number): void {
    this.#isSweeping = true;
    this.timers.after(lifeMs / SWEEPS_A_LIFE, () => {
      this.#isSweeping = false;
      const nowMs = this.timers.clock.monotonicMs();
      while (this.#chunks.length > 1 && this.#chunks[0]!.isOver(nowMs)) {
        this.#firstChunk++;
        this.#chunks.shift()!.free();
      }
      if (this.#chunks.length > 1) this.#sweepAfter(lifeMs);
    });
  }

  /** The oldest chunk again when its time is over, else a new one while there may be more, else the oldest before its time. */
  #nextChunk(nowMs: number): Chunk {
    const oldest = this.#chunks[0];
    const isOver = oldest?.isOver(nowMs) === true;
    if (oldest === undefined || (!isOver && this.#chunks.length < this.#chunksMax)) {
      const chunk = new Chunk(this.#chunkBytes);
      this.#chunks.push(chunk);
      return chunk;
    }
    if (!isOver) this.counters.replaysForgotten += oldest.count;
    this.#chunks.shift();
    this.#firstChunk++;
    oldest.count = 0;
    oldest.used = 0;
    this.#chunks.push(oldest);
    return oldest;
  }
}
