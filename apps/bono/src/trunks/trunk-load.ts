// How much one trunk may ask for: so many new requests a second, so many INVITEs at a time that are not answered yet, and so many calls at once,
// of either direction. Beyond any of them it is told 503, others are not kept waiting for it, and who calls by it finds it busy. What is counted
// is what this process has seen. Reader: trunks.ts.
import type { Trunk } from './trunk-file.js';

type Bounds = Pick<Trunk, 'callsPerSecondMax' | 'callsInSetupMax' | 'callsMax'>;

/** A call that nobody was seen to end, as when its peer has died, is counted no longer than this. */
export const CALL_LASTS_MAX_MS = 12 * 3_600_000;

export class TrunkLoad {
  /** INVITEs without a final answer, from it and towards it. */
  #inSetup = 0;
  #outSetup = 0;
  /** Answered calls by Call-ID, with when they were; the oldest first. One that comes and leaves by the trunk is one. */
  readonly #calls = new Map<string, number>();
  #tokens: number;
  #filledAtMs: number;

  constructor(
    /** May change while calls are in setup. */
    public bounds: Bounds,
    nowMs: number,
  ) {
    this.#tokens = bounds.callsPerSecondMax;
    this.#filledAtMs = nowMs;
  }

  get inSetup(): number {
    return this.#inSetup;
  }

  /** Those in setup too. */
  get calls(): number {
    return this.#calls.size + this.#inSetup + this.#outSetup;
  }

  /** Is one more request of the trunk's taken? It is counted then; an INVITE until it is `settled`. */
  admits(isInvite: boolean, nowMs: number): boolean {
    const { callsPerSecondMax, callsInSetupMax } = this.bounds;
    const passedS = Math.max(0, nowMs - this.#filledAtMs) / 1_000;
    this.#tokens = Math.min(callsPerSecondMax, this.#tokens + passedS * callsPerSecondMax);
    this.#filledAtMs = nowMs;
    if (this.#tokens < 1) return false;
    if (isInvite && (this.#inSetup >= callsInSetupMax || !this.#hasRoom(nowMs))) return false;
    this.#tokens -= 1;
    if (isInvite) this.#inSetup += 1;
    return true;
  }

  /** May one more call leave by it? It is counted then, until it is `left`. */
  admitsLeaving(nowMs: number): boolean {
    if (!this.#hasRoom(nowMs)) return false;
    this.#outSetup += 1;
    return true;
  }

  /** An INVITE of the trunk's has its final answer. */
  settled(callId: string, isAnswered: boolean, nowMs: number): void {
    this.#inSetup -= 1;
    if (isAnswered) this.#calls.set(callId, nowMs);
  }

  /** So has one that leaves by it. */
  left(callId: string, isAnswered: boolean, nowMs: number): void {
    this.#outSetup -= 1;
    if (isAnswered) this.#calls.set(callId, nowMs);
  }

  ended(callId: string): void {
    this.#calls.delete(callId);
  }

  #hasRoom(nowMs: number): boolean {
    if (this.calls < this.bounds.callsMax) return true;
    for (const [callId, sinceMs] of this.#calls) {
      if (nowMs - sinceMs < CALL_LASTS_MAX_MS) break;
      this.#calls.delete(callId);
    }
    return this.calls < this.bounds.callsMax;
  }
}
