// One client's connection: requests out of its bytes, answers in the order of the requests, in its own dialect. Sans-IO: bytes in by push,
// bytes out by `write`. Used by adapters/rogers-listener.ts.
import {
  type Change,
  type Failure,
  type FaultRequest,
  type GetRequest,
  type Item,
  Output,
  type PlainRequest,
  replyChange,
  replyFault,
  replyGet,
  replyPlain,
  type Request,
  RequestReader,
} from '#libs/memcached-protocol';
import { isOwnKey } from '../placement.js';
import type { Router } from './router.js';

/** Requests of one client without an answer: beyond it no more are read until some are answered. */
export const PIPELINE_MAX = 256;
/** Bytes of answers that wait for those before them, or for the client to take them. */
const WAITING_BYTES_MAX = 8 * 1024 * 1024;

export type SessionPorts = Readonly<{
  router: Pick<Router, 'get' | 'change'>;
  version: string;
  stats: () => readonly (readonly [name: string, value: string])[];
  /** Taken from `out`, and not by the client yet. */
  unsentBytes: () => number;
  /** Answers are there to be taken from `out`. */
  onOutput: () => void;
  /** To be closed once what is in `out` has been sent. */
  onEnd: () => void;
}>;

/** An answer that waits for its turn. */
type Slot = { reply: ((out: Output) => void) | undefined; bytes: number };

export class Session {
  readonly out = new Output();
  readonly #reader = new RequestReader();
  readonly #slots: Slot[] = [];
  #first = 0;
  #waitingBytes = 0;
  #isOver = false;

  constructor(private readonly ports: SessionPorts) {}

  push(bytes: Buffer): void {
    this.#reader.push(bytes);
    this.run();
  }

  /** True where no more should be read from the client for now. */
  get isFull(): boolean {
    const waiting = this.#waitingBytes + this.out.size + this.ports.unsentBytes();
    return this.pending >= PIPELINE_MAX || waiting >= WAITING_BYTES_MAX;
  }

  /** Requests under way. */
  get pending(): number {
    return this.#slots.length - this.#first;
  }

  /** Reads on what was pushed. */
  run(): void {
    while (!this.#isOver && !this.isFull) {
      const request = this.#reader.next();
      if (request === undefined) return;
      this.#take(request);
    }
  }

  #take(request: Request): void {
    switch (request.verb) {
      case 'get':
        return this.#get(request);
      case 'store':
      case 'delete':
      case 'touch': {
        if (isOwnKey(request.key)) return this.#refuse(request);
        const slot = this.#slot();
        const wanted = request.verb === 'touch' ? { ...request, cas: 0 } : request;
        return this.ports.router.change(wanted, (outcome: Change | Failure) =>
          this.#fill(slot, 0, (out) => replyChange(out, request, outcome)),
        );
      }
      case 'fault':
        return this.#fault(request);
      case 'version':
      case 'stats':
      case 'noop':
      case 'verbosity':
      case 'quit':
        return this.#plain(request);
    }
  }

  #get(request: GetRequest): void {
    const { keys } = request;
    if (keys.some(isOwnKey)) return this.#refuse(request);
    const slot = this.#slot();
    const found = new Array<Item | undefined | Failure>(keys.length);
    let left = keys.length;
    let bytes = 0;
    for (let n = 0; n < keys.length; n += 1)
      this.ports.router.get(keys[n]!, (one) => {
        found[n] = one;
        if (one !== undefined && 'value' in one) bytes += one.value.length;
        left -= 1;
        if (left === 0) this.#fill(slot, bytes, (out) => replyGet(out, request, found));
      });
  }

  #plain(request: PlainRequest): void {
    const { version, stats } = this.ports;
    const told = { version, stats: request.verb === 'stats' ? stats() : [] };
    if (request.verb === 'quit') this.#isOver = true;
    this.#fill(this.#slot(), 0, (out) => replyPlain(out, request, told));
  }

  #fault(request: FaultRequest): void {
    if (request.isFatal) this.#isOver = true;
    this.#fill(this.#slot(), 0, (out) => replyFault(out, request));
  }

  #refuse({ form }: Request): void {
    const loud = { ...form, isQuiet: false };
    this.#fault({ verb: 'fault', form: loud, fault: 'bad-key', isFatal: false });
  }

  #slot(): Slot {
    const slot: Slot = { reply: undefined, bytes: 0 };
    this.#slots.push(slot);
    return slot;
  }

  #fill(slot: Slot, bytes: number, reply: (out: Output) => void): void {
    slot.reply = reply;
    slot.bytes = bytes;
    this.#waitingBytes += bytes;
    if (this.#slots[this.#first] !== slot) return;
    const wasFull = this.isFull;
    for (; this.#first < this.#slots.length; this.#first += 1) {
      const next = this.#slots[this.#first]!;
      if (next.reply === undefined) break;
      next.reply(this.out);
      this.#waitingBytes -= next.bytes;
    }
    this.#forget();
    this.ports.onOutput();
    if (this.#isOver && this.pending === 0) return this.ports.onEnd();
    // Where it was full there may be requests left to read.
    if (wasFull) this.run();
  }

  /** Answered ones, now and then: taking each off the front would move all the others. */
  #forget(): void {
    if (this.#first === this.#slots.length) this.#slots.length = 0;
    else if (this.#first < PIPELINE_MAX) return;
    else this.#slots.splice(0, this.#first);
    this.#first = 0;
  }
}
