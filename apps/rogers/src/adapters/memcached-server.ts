// One memcached server over TCP: commands of one turn of the event loop in one write, answers in the order of the commands, a time-out around
// them, in which only the time counts that this process looked for answers (own-time.ts). Keys are listed on a connection of their own. Port: cache-server.port.ts. memcached's protocol.txt (meta commands).
import { connect, type Socket } from 'node:net';
import { MetaReplyReader, metaFlag, Output } from '#libs/memcached-protocol';
import type { Clock } from '#libs/runtime';
import {
  type CacheServer,
  type Found,
  type Held,
  type ServerWatcher,
  ServerUnavailable,
  type Wrote,
} from '../cache-server.port.js';
import { SENTINEL_KEYS } from '../placement.js';
import { decodeStored } from '../stored-value.js';
import { listKeys } from './list-keys.js';
import { OwnTime } from './own-time.js';

/** Commands without an answer; beyond it a call has none either. */
const IN_FLIGHT_MAX = 50_000;
const RETRY_MS = 200;

/** Takes one answer; true when it has all of its. `undefined`: there will be none. */
type Taker = (line: string | undefined, value: Buffer | undefined) => boolean;
/** `askedMs` of our own time. */
type Call = Readonly<{ take: Taker; askedMs: number }>;

export type MemcachedServerOptions = Readonly<{
  /** host:port. */
  name: string;
  clock: Clock;
  /** For an answer, and for a connection. */
  timeoutMs: number;
  watcher: ServerWatcher;
}>;

export class MemcachedServer implements CacheServer {
  readonly name: string;
  isUp = false;
  isDown = false;
  isDead = false;
  downSinceMs = 0;
  #socket: Socket | undefined;
  readonly #out = new Output();
  #calls: Call[] = [];
  #first = 0;
  #isScheduled = false;
  #isClosed = false;
  readonly #time: OwnTime;
  /** A connection that is being made: when it was asked for, and what gives it up. */
  #connecting: Readonly<{ askedMs: number; giveUp: () => void }> | undefined;
  #cancelWatch: (() => void) | undefined;
  #cancelRetry: (() => void) | undefined;

  constructor(private readonly options: MemcachedServerOptions) {
    this.name = options.name;
    this.#time = new OwnTime(options.timeoutMs);
    this.#connect();
  }

  read(key: string, vbucket: number, done: (found: Found | undefined) => void): void {
    if (!this.isUp) return done(undefined);
    let sentinel: string | undefined;
    this.#send(`mg ${SENTINEL_KEYS[vbucket]} v\r\nmg ${key} v c t\r\n`, undefined, (line, value) => {
      if (line === undefined) {
        done(undefined);
        return true;
      }
      if (sentinel === undefined) {
        sentinel = value === undefined ? '' : value.toString('latin1');
        return false;
      }
      done(foundIn(sentinel, line, value));
      return true;
    });
  }

  write(key: string, vbucket: number, raw: Buffer, exptime: number, cas: string, done: (wrote: Wrote | undefined) => void): void {
    if (!this.isUp) return done(undefined);
    let outcome: Wrote['outcome'] | undefined;
    const condition = cas === '' ? 'ME' : `C${cas}`;
    this.#send(`ms ${key} ${raw.length} T${exptime} ${condition}\r\n`, raw, (line, value) => {
      if (line === undefined) {
        done(undefined);
        return true;
      }
      if (outcome === undefined) {
        outcome = outcomeOf(line);
        return false;
      }
      done({ outcome, sentinel: value === undefined ? '' : value.toString('latin1') });
      return true;
    }, `mg ${SENTINEL_KEYS[vbucket]} v\r\n`);
  } // prettier-ignore

  fetch(key: string): Promise<Held | undefined> {
    return this.#ask(`mg ${key} v c\r\n`, undefined, (line, value) =>
      value === undefined ? undefined : { text: value.toString('latin1'), cas: metaFlag(line, 'c') ?? '' },
    );
  }

  put(key: string, text: string, exptime: number, cas?: string): Promise<boolean> {
    const condition = cas === undefined ? '' : cas === '' ? ' ME' : ` C${cas}`;
    const command = `ms ${key} ${text.length} T${exptime}${condition}\r\n`;
    return this.#ask(command, Buffer.from(text, 'latin1'), (line) => isDone(line));
  }

  remove(key: string, cas?: string): Promise<boolean> {
    const condition = cas === undefined ? '' : ` C${cas}`;
    return this.#ask(`md ${key}${condition}\r\n`, undefined, (line) => isDone(line));
  }

  keys(onKey: (key: string) => void): Promise<void> {
    const { clock, timeoutMs } = this.options;
    return listKeys({ server: this.name, clock, timeoutMs, onKey });
  }

  close(): void {
    this.#isClosed = true;
    this.#cancelRetry?.();
    this.#connecting?.giveUp();
    this.#drop();
  }

  #ask<T>(command: string, value: Buffer | undefined, read: (line: string, value: Buffer | undefined) => T): Promise<T> {
    return new Promise((resolve, reject) => {
      const refuse = (why: string): void => reject(new ServerUnavailable(`memcached ${this.name}: ${why}`));
      if (this.#socket === undefined) return refuse('not reached');
      this.#send(command, value, (line, answer) => {
        if (line === undefined) refuse('no answer');
        else if (/^(SERVER_ERROR|CLIENT_ERROR|ERROR)/.test(line)) refuse(line);
        else resolve(read(line, answer));
        return true;
      });
    });
  } // prettier-ignore

  #send(before: string, value: Buffer | undefined, take: Taker, after = ''): void {
    if (this.#socket === undefined || this.#calls.length - this.#first >= IN_FLIGHT_MAX)
      return void take(undefined, undefined);
    this.#calls.push({ take, askedMs: this.#time.nowMs });
    this.#out.text(before);
    if (value !== undefined) {
      this.#out.bytes(value);
      this.#out.text('\r\n');
    }
    if (after !== '') this.#out.text(after);
    if (!this.#isScheduled) {
      this.#isScheduled = true;
      setImmediate(() => this.#flush());
    }
    if (this.#cancelWatch === undefined) this.#watch();
  }

  #flush(): void {
    this.#isScheduled = false;
    const socket = this.#socket;
    const pieces = this.#out.take();
    if (socket === undefined) return;
    if (pieces.length > 1) socket.cork();
    for (const piece of pieces) socket.write(piece);
    if (pieces.length > 1) socket.uncork();
  }

  #onReply(line: string, value: Buffer | undefined): void {
    const call = this.#calls[this.#first];
    // An answer that nobody asked for: nothing after it can be told apart.
    if (call === undefined) return this.#drop();
    if (!call.take(line, value)) return;
    this.#time.answered(call.askedMs);
    this.#first += 1;
    if (this.#first === this.#calls.length) {
      this.#calls.length = 0;
      this.#first = 0;
    } else if (this.#first >= 4_096) {
      this.#calls.splice(0, this.#first);
      this.#first = 0;
    }
  }

  /** Looks now and then while an answer or a connection is waited for. */
  #watch(): void {
    const { clock } = this.options;
    this.#time.begin(clock.monotonicMs());
    const look = (): void => {
      this.#cancelWatch = undefined;
      this.#time.look(clock.monotonicMs());
      const askedMs = this.#connecting?.askedMs ?? this.#calls[this.#first]?.askedMs;
      if (askedMs === undefined) return;
      this.#cancelWatch = clock.after(this.#time.stepMs, look);
      if (!this.#time.isOver(askedMs)) return;
      if (this.#connecting !== undefined) this.#connecting.giveUp();
      else this.#drop();
    };
    this.#cancelWatch = clock.after(this.#time.stepMs, look);
  }

  // ---- The connection ----

  #connect(): void {
    const at = this.name.lastIndexOf(':');
    const socket = connect({ host: this.name.slice(0, at), port: Number(this.name.slice(at + 1)), noDelay: true });
    let isOver = false;
    const fail = (isDead: boolean): void => {
      if (isOver) return;
      isOver = true;
      this.#connecting = undefined;
      socket.destroy();
      this.#failed(isDead);
    };
    this.#connecting = { askedMs: this.#time.nowMs, giveUp: () => fail(false) };
    if (this.#cancelWatch === undefined) this.#watch();
    socket.once('connect', () => {
      if (isOver || this.#isClosed) return void socket.destroy();
      isOver = true;
      this.#connecting = undefined;
      this.#begin(socket);
    });
    socket.on('error', (error: NodeJS.ErrnoException) => {
      if (this.#socket === socket) this.#drop();
      // Nobody listens there: the process that held its memory has ended.
      else fail(error.code === 'ECONNREFUSED');
    });
    socket.on('close', () => {
      if (this.#socket === socket) this.#drop();
    });
  } // prettier-ignore

  /** Nothing is asked of it before its sentinels have been seen. */
  #begin(socket: Socket): void {
    this.#socket = socket;
    const reader = new MetaReplyReader((line, value) => this.#onReply(line, value));
    socket.on('data', (bytes) => {
      if (this.#socket === socket && !reader.push(bytes)) this.#drop();
    });
    void Promise.all(SENTINEL_KEYS.map((key) => this.fetch(key))).then(
      (held) => {
        if (this.#socket !== socket) return;
        this.isUp = true;
        this.isDown = false;
        this.isDead = false;
        this.options.watcher.onUp(this, held.map((one) => one?.text ?? ''));
      },
      // It said something else than what it has: with nothing under way nobody would try it again.
      () => socket === this.#socket && this.#drop(),
    ); // prettier-ignore
  }

  #failed(isDead: boolean): void {
    if (this.#isClosed) return;
    const { clock, watcher } = this.options;
    this.#cancelRetry = clock.after(RETRY_MS, () => this.#connect());
    if (isDead) this.isDead = true;
    if (this.isDown) return;
    this.isDown = true;
    this.downSinceMs = clock.monotonicMs();
    watcher.onDown(this);
  }

  /** Ends the connection: what waits will never be answered. One other is tried at once, before the server is given up. */
  #drop(): void {
    const socket = this.#socket;
    if (socket === undefined) return;
    this.#socket = undefined;
    const wasUp = this.isUp;
    this.isUp = false;
    this.#cancelWatch?.();
    this.#cancelWatch = undefined;
    socket.destroy();
    this.#out.take();
    const calls = this.#calls.slice(this.#first);
    this.#calls = [];
    this.#first = 0;
    if (!this.#isClosed) {
      // One that took a connection and then said nothing is not to be tried for ever.
      if (wasUp) this.#connect();
      else this.#failed(false);
    }
    for (const { take } of calls) take(undefined, undefined);
  }
}

const foundIn = (sentinel: string, line: string, value: Buffer | undefined): Found | undefined => {
  if (value === undefined)
    return line === 'EN' ? { sentinel, cas: '', stored: undefined, raw: undefined, ttlS: -1 } : undefined;
  const stored = decodeStored(value);
  const ttlS = Number(metaFlag(line, 't') ?? '-1');
  return { sentinel, cas: metaFlag(line, 'c') ?? '', stored, raw: value, ttlS };
};

const isDone = (line: string): boolean => line.startsWith('HD');

const outcomeOf = (line: string): Wrote['outcome'] => {
  if (line.startsWith('HD')) return 'stored';
  if (line.startsWith('SERVER_ERROR')) return line.includes('too large') ? 'too-large' : 'refused';
  return 'conflict';
};
