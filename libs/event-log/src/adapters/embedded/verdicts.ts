// What became of appends that carried an idempotency key, so that a repeat gets the first one's verdict.
// The key is in the record too, so appended ones are known again after a restart; conflicts only while the process lives.
import type { Position } from '#libs/decider';
import type { KeptVerdict } from './segments/checkpoint.js';

type Kept = Readonly<{ promise: Promise<readonly Position[]>; first?: number; count?: number }>;

/** The open verdict of one append. */
export type Verdict = Readonly<{
  appended: (positions: readonly Position[]) => void;
  /** A refusal for good (a conflict): a repeat is told the same. */
  rejected: (error: Error) => void;
  /** Nothing was written, and a repeat may try again. */
  forgotten: (error: Error) => void;
}>;

export class Verdicts {
  private readonly kept = new Map<string, Kept>();

  constructor(
    private readonly keysMax: number,
    generation: number,
    kept: readonly KeptVerdict[],
  ) {
    for (const { key, first, count } of kept.slice(-keysMax)) {
      const positions = Array.from({ length: count }, (_, i) => ({
        generation,
        partition: 0,
        offset: first + i,
      }));
      this.keep(key, { promise: Promise.resolve(positions), first, count });
    }
  }

  get(key: string): Promise<readonly Position[]> | undefined {
    return this.kept.get(key)?.promise;
  }

  begin(key: string): Verdict {
    const { promise, resolve, reject } = Promise.withResolvers<readonly Position[]>();
    promise.catch(() => undefined); // the first caller has an answer of its own
    this.keep(key, { promise });
    return {
      appended: (positions) => {
        resolve(positions);
        this.keep(key, { promise, first: positions[0]?.offset ?? 0, count: positions.length });
      },
      rejected: reject,
      forgotten: (error) => {
        this.kept.delete(key);
        reject(error);
      },
    };
  }

  /** The appended ones, for the checkpoint. */
  *appended(): Generator<KeptVerdict> {
    for (const [key, { first, count }] of this.kept) {
      if (first !== undefined && count !== undefined) yield { key, first, count };
    }
  }

  private keep(key: string, kept: Kept): void {
    this.kept.set(key, kept);
    if (this.kept.size <= this.keysMax) return;
    const oldest = this.kept.keys().next();
    if (!oldest.done) this.kept.delete(oldest.value);
  }
}
