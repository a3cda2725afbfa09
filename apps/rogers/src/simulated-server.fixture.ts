// A memcached server without a process, on a clock that tests move: with delays from a seed, and every way to fail.
// Port: cache-server.port.ts. Several Rogers share one Memory, each through a connection of its own.
import type { SeededRandom } from '#libs/testkit';
import type { Clock } from '#libs/runtime';
import {
  type CacheServer,
  type Found,
  type Held,
  type ServerWatcher,
  ServerUnavailable,
  type Wrote,
} from './cache-server.port.js';
import { SENTINEL_KEYS } from './placement.js';
import { decodeStored } from './stored-value.js';

const TIMEOUT_MS = 100;
const RETRY_MS = 200;

type Item = { raw: Buffer; cas: number; overAtMs: number };

/** What the process holds; lives as long as it does. */
export class Memory {
  readonly items = new Map<string, Item>();
  state: 'runs' | 'dead' | 'frozen' = 'runs';
  /** Raised by each start: connections of before are gone. */
  life = 1;
  delayMs = 1;
  /** Told when the process ends: the system closes its connections. */
  readonly onEnd = new Set<() => void>();
  #cas = 0;

  constructor(
    readonly name: string,
    readonly clock: Clock,
  ) {}

  get(key: string): Item | undefined {
    const item = this.items.get(key);
    if (item !== undefined && item.overAtMs > this.clock.nowMs()) return item;
    this.items.delete(key);
    return undefined;
  }

  set(key: string, raw: Buffer, exptime: number): void {
    const nowMs = this.clock.nowMs();
    const overAtMs =
      exptime === 0 ? Infinity : exptime > 30 * 86_400 ? exptime * 1000 : nowMs + exptime * 1000;
    this.items.set(key, { raw: Buffer.from(raw), cas: (this.#cas += 1), overAtMs });
  }

  kill(): void {
    this.state = 'dead';
    this.items.clear();
    this.#cas = 0;
    this.life += 1;
    for (const tell of this.onEnd) tell();
  }

  start(): void {
    this.state = 'runs';
  }
}

/** One Rogers' connection to it. */
export class SimulatedServer implements CacheServer {
  readonly name: string;
  isUp = false;
  isDown = false;
  isDead = false;
  downSinceMs = 0;
  /** This connection alone is cut. */
  isCut = false;
  #life = 0;
  #isClosed = false;
  #lastMs = 0;

  constructor(
    private readonly memory: Memory,
    private readonly watcher: ServerWatcher,
    private readonly random: SeededRandom,
  ) {
    this.name = memory.name;
    memory.clock.after(0, () => this.#connect());
    memory.onEnd.add(() => this.#lose());
  }

  read(key: string, vbucket: number, done: (found: Found | undefined) => void): void {
    if (!this.isUp) return done(undefined);
    this.#run(() => {
      const item = this.memory.get(key);
      const sentinel = this.#sentinel(vbucket);
      if (item === undefined) return { sentinel, cas: '', stored: undefined, raw: undefined, ttlS: -1 };
      const ttlS =
        item.overAtMs === Infinity ? -1 : Math.ceil((item.overAtMs - this.memory.clock.nowMs()) / 1000);
      return { sentinel, cas: String(item.cas), stored: decodeStored(item.raw), raw: item.raw, ttlS };
    }, done);
  }

  write(
    key: string,
    vbucket: number,
    raw: Buffer,
    exptime: number,
    cas: string,
    done: (wrote: Wrote | undefined) => void,
  ): void {
    if (!this.isUp) return done(undefined);
    this.#run<Wrote>(() => {
      const item = this.memory.get(key);
      if ((item === undefined ? '' : String(item.cas)) !== cas)
        return { outcome: 'conflict', sentinel: this.#sentinel(vbucket) };
      this.memory.set(key, raw, exptime);
      return { outcome: 'stored', sentinel: this.#sentinel(vbucket) };
    }, done);
  }

  fetch(key: string): Promise<Held | undefined> {
    return this.#ask(() => {
      const item = this.memory.get(key);
      return item && { text: item.raw.toString('latin1'), cas: String(item.cas) };
    });
  }

  put(key: string, text: string, exptime: number, cas?: string): Promise<boolean> {
    return this.#ask(() => {
      const item = this.memory.get(key);
      if (cas !== undefined && cas !== (item === undefined ? '' : String(item.cas))) return false;
      this.memory.set(key, Buffer.from(text, 'latin1'), exptime);
      return true;
    });
  }

  remove(key: string, cas?: string): Promise<boolean> {
    return this.#ask(() => {
      const item = this.memory.get(key);
      if (item === undefined || (cas !== undefined && String(item.cas) !== cas)) return false;
      return this.memory.items.delete(key);
    });
  }

  async keys(onKey: (key: string) => void): Promise<void> {
    for (const key of await this.#ask(() => [...this.memory.items.keys()])) onKey(key);
  }

  close(): void {
    this.#isClosed = true;
    this.isUp = false;
  }

  #sentinel(vbucket: number): string {
    return this.memory.get(SENTINEL_KEYS[vbucket]!)?.raw.toString('latin1') ?? '';
  }

  #ask<T>(run: () => T): Promise<T> {
    return new Promise((resolve, reject) =>
      this.#run(
        () => ({ answer: run() }),
        (held) => (held === undefined ? reject(new ServerUnavailable(this.name)) : resolve(held.answer)),
      ),
    );
  }

  /** The command goes, is done, and comes back; each way may be cut, and then it is not known. In order, as on a connection. */
  #run<T>(run: () => T, done: (answer: T | undefined) => void): void {
    const { clock } = this.memory;
    const life = this.#life;
    const isLost = (): boolean => this.isCut || this.memory.state !== 'runs' || this.memory.life !== life;
    const delay = (): number => this.random.fraction() * this.memory.delayMs;
    const atMs = Math.max(this.#lastMs, clock.monotonicMs() + delay());
    this.#lastMs = atMs;
    let answer: T | undefined;
    let isDone = false;
    const fail = (): void => {
      clock.after(this.memory.state === 'dead' ? 0 : TIMEOUT_MS, () => {
        this.#lose();
        done(undefined);
      });
    };
    clock.after(atMs - clock.monotonicMs(), () => {
      if (isLost()) return fail();
      answer = run();
      isDone = true;
      const backMs = Math.max(this.#lastMs, clock.monotonicMs() + delay());
      this.#lastMs = backMs;
      clock.after(backMs - clock.monotonicMs(), () => (isLost() || !isDone ? fail() : done(answer)));
    });
  }

  #lose(): void {
    if (!this.isUp) return;
    this.isUp = false;
    this.#connect();
  }

  #connect(): void {
    const { memory, watcher } = this;
    if (this.#isClosed) return;
    if (memory.state !== 'runs' || this.isCut) {
      if (memory.state === 'dead') this.isDead = true;
      if (!this.isDown) {
        this.isDown = true;
        this.downSinceMs = memory.clock.monotonicMs();
        watcher.onDown(this);
      }
      memory.clock.after(RETRY_MS, () => this.#connect());
      return;
    }
    this.#life = memory.life;
    this.isUp = true;
    this.isDown = false;
    this.isDead = false;
    watcher.onUp(
      this,
      SENTINEL_KEYS.map((_, vbucket) => this.#sentinel(vbucket)),
    );
  }
}
