// Time and randomness as ports: nothing below main.ts reads the machine's own.

/** Wall clock and monotonic clock; the simulation has one of its own. */
export interface Clock {
  /** Milliseconds since 1970, for what is stored or shown. */
  nowMs(): number;
  /** Milliseconds from an arbitrary start, never stepping back: for time-outs and latencies. */
  monotonicMs(): number;
  /** Calls `run` once after `delayMs`; the function returned cancels it. For rare timers: SIP uses its timer wheel. */
  after(delayMs: number, run: () => void): () => void;
}

export interface Random {
  /** Cryptographically strong outside simulations. */
  bytes(length: number): Buffer;
  /** Uniform in [0, 1). Not for secrets. */
  fraction(): number;
  /** A token of `length` characters of [0-9a-z], at least 5 bits of entropy each; fit for tags, branches and nonces. */
  token(length: number): string;
}
