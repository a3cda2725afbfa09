// Sources that fail authentication too often are slowed down, per address and per user; nobody is ever locked out.
// Counted are wrong answers, by (user, address), by address, by user. What follows of it, and why:
// - (user, address): its next tries wait before they are judged, few at a time: guesses in parallel gain nothing.
// - address: makes those waits begin sooner, but only for users that failed from there: neighbours behind a NAT wait for none.
// - user: only the answers to wrong tries come later. Else anybody could slow the user down by failing on purpose.
// Written and read by authenticate.ts; kept in this process alone, as a restart forgives and no other node needs it.
import type { Clock } from '#libs/runtime';
import { detached } from '#libs/sip';

/** Wrong answers that cost nothing: a mistyped password; some phones behind one NAT; some phones of one user. */
export const FREE_TRIES = { pair: 3, address: 20, user: 10 } as const;
const FIRST_DELAY_MS = 250;
/** Far below 32 s, when a client gives a non-INVITE up (RFC 4320 §4); over UDP it repeats itself and is absorbed. */
export const DELAY_MAX_MS = 4_000;
/** Failures are remembered for one to two of these. */
export const REMEMBERED_MS = 300_000;
/** Sources a generation remembers; beyond it the older generation is forgotten at once. Whoever goes on failing counts anew. */
export const SOURCES_MAX = 20_000;
/** Tries and answers held at once; beyond it a try is challenged again unjudged, and a wrong one answered at once. */
export const HELD_MAX = 2_000;
/** Tries of one user from one address that wait to be judged; beyond it one is challenged again, unjudged. */
export const WAITING_MAX = 4;

/** Failures by source in two generations, so that forgetting costs nothing per entry. */
class FailureCounts {
  #young = new Map<string, number>();
  #old = new Map<string, number>();
  #turnsAtMs: number;

  constructor(private readonly clock: Clock) {
    this.#turnsAtMs = clock.monotonicMs() + REMEMBERED_MS;
  }

  get size(): number {
    return this.#young.size + this.#old.size;
  }

  of(source: string): number {
    this.#turn();
    return (this.#young.get(source) ?? 0) + (this.#old.get(source) ?? 0);
  }

  add(source: string): void {
    this.#turn();
    const failures = this.#young.get(source);
    if (failures !== undefined) return void this.#young.set(source, failures + 1);
    if (this.#young.size >= SOURCES_MAX) this.#next();
    this.#young.set(detached(source), 1);
  }

  forget(source: string): void {
    this.#young.delete(source);
    this.#old.delete(source);
  }

  #turn(): void {
    const nowMs = this.clock.monotonicMs();
    if (nowMs < this.#turnsAtMs) return;
    const idleMs = nowMs - this.#turnsAtMs;
    this.#next();
    if (idleMs >= REMEMBERED_MS) this.#next();
  }

  #next(): void {
    this.#old = this.#young;
    this.#young = new Map();
    this.#turnsAtMs = this.clock.monotonicMs() + REMEMBERED_MS;
  }
}

const delayMs = (failures: number, free: number): number =>
  failures < free ? 0 : Math.min(DELAY_MAX_MS, FIRST_DELAY_MS * 2 ** Math.min(failures - free, 10));

/** Who tries to be whom, from where. */
export type Source = Readonly<{ impi: string; address: string }>;

const pairOf = ({ impi, address }: Source): string => `${address} ${impi}`;

export class FailureBrake {
  readonly #pairs: FailureCounts;
  readonly #addresses: FailureCounts;
  readonly #users: FailureCounts;
  /** Tries that wait, by pair; at most HELD_MAX entries. */
  readonly #waiting = new Map<string, number>();
  #held = 0;

  constructor(private readonly clock: Clock) {
    this.#pairs = new FailureCounts(clock);
    this.#addresses = new FailureCounts(clock);
    this.#users = new FailureCounts(clock);
  }

  /** Sources remembered, and answers held: for tests of the bounds. */
  get sizes(): Readonly<{ sources: number; held: number }> {
    return { sources: this.#pairs.size + this.#addresses.size + this.#users.size, held: this.#held };
  }

  /** How long a try waits before it is judged. 0 for all who never failed from there, whatever others did. */
  waitMs(source: Source): number {
    const failures = this.#pairs.of(pairOf(source));
    if (failures === 0) return 0;
    const byAddress = delayMs(this.#addresses.of(source.address), FREE_TRIES.address);
    return Math.max(delayMs(failures, FREE_TRIES.pair), byAddress);
  }

  /** Waits with a try; undefined at the bounds: then it is not judged. */
  wait(source: Source, ms: number): Promise<void> | undefined {
    const pair = pairOf(source);
    const waiting = this.#waiting.get(pair) ?? 0;
    if (waiting >= WAITING_MAX || this.#held >= HELD_MAX) return undefined;
    this.#waiting.set(pair, waiting + 1);
    return new Promise((resolve) => {
      this.#hold(ms, () => {
        const left = this.#waiting.get(pair)! - 1;
        if (left === 0) this.#waiting.delete(pair);
        else this.#waiting.set(pair, left);
        resolve();
      });
    });
  }

  /** Counts a wrong answer and sends its refusal when it is due. True: later. */
  failed(source: Source, waitedMs: number, refuse: () => void): boolean {
    this.#pairs.add(pairOf(source));
    this.#addresses.add(source.address);
    this.#users.add(source.impi);
    const byUser = delayMs(this.#users.of(source.impi), FREE_TRIES.user);
    const byAddress = delayMs(this.#addresses.of(source.address), FREE_TRIES.address);
    const ms = Math.max(byUser, byAddress) - waitedMs;
    if (ms <= 0 || this.#held >= HELD_MAX) {
      refuse();
      return false;
    }
    this.#hold(ms, refuse);
    return true;
  }

  /** A right answer: who mistyped before starts anew. What the address and the user failed elsewhere stays counted. */
  succeeded(source: Source): void {
    this.#pairs.forget(pairOf(source));
  }

  #hold(ms: number, run: () => void): void {
    this.#held += 1;
    this.clock.after(ms, () => {
      this.#held -= 1;
      run();
    });
  }
}
