// How much one trunk may ask for: so many new requests a second, and so many INVITEs at a time that are not answered yet. Beyond either
// it is told 503, and others are not kept waiting for it. Reader: trunks.ts.
import type { Trunk } from './trunk-file.js';

type Bounds = Pick<Trunk, 'callsPerSecondMax' | 'callsInSetupMax'>;

export class TrunkLoad {
  /** INVITEs without a final answer. */
  #inSetup = 0;
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

  /** Is one more taken? It is counted then; an INVITE until `settled`. */
  admits(isInvite: boolean, nowMs: number): boolean {
    const { callsPerSecondMax, callsInSetupMax } = this.bounds;
    const passedS = Math.max(0, nowMs - this.#filledAtMs) / 1_000;
    this.#tokens = Math.min(callsPerSecondMax, this.#tokens + passedS * callsPerSecondMax);
    this.#filledAtMs = nowMs;
    if (this.#tokens < 1 || (isInvite && this.#inSetup >= callsInSetupMax)) return false;
    this.#tokens -= 1;
    if (isInvite) this.#inSetup += 1;
    return true;
  }

  settled(): void {
    this.#inSetup -= 1;
  }
}
