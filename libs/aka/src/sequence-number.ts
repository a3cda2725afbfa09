// Sequence numbers of AKA (TS 33.102 §6.3, Annex C): 43 bits that count (SEQ) and five that say which of the phone's 32 counters they
// are for (IND), so that vectors which arrive in another order than they were made are taken all the same. Pure.

const IND_VALUES = 32;
const SEQ_VALUES = 2 ** 43;
/** Annex C.2.1: a phone takes no number that is further ahead; who could make one would end the card's life. */
export const SEQ_AHEAD_MAX = 2 ** 28;
const SQN_BYTES = 6;

export const seqOf = (sqn: number): number => Math.floor(sqn / IND_VALUES);
export const indOf = (sqn: number): number => sqn % IND_VALUES;

export const sqnBytes = (sqn: number): Buffer => {
  const bytes = Buffer.alloc(SQN_BYTES);
  bytes.writeUIntBE(sqn, 0, SQN_BYTES);
  return bytes;
};
export const sqnOf = (bytes: Buffer): number => bytes.readUIntBE(0, SQN_BYTES);

/** For the next vector (Annex C.1.1.1 and C.3.1): one further, and for the phone's next counter. */
export const nextSqn = (sqn: number): number =>
  ((seqOf(sqn) + 1) % SEQ_VALUES) * IND_VALUES + ((indOf(sqn) + 1) % IND_VALUES);

/**
 * What the network's count is after a phone said its own (TS 33.102 §6.3.5): the phone's, unless the network's next number would be
 * taken by that phone. What somebody repeats of long ago sets nothing back.
 */
export const resumedSqn = (own: number, theirs: number): number => {
  const ahead = seqOf(nextSqn(own)) - seqOf(theirs);
  return ahead > 0 && ahead <= SEQ_AHEAD_MAX ? own : theirs;
};

/** The phone's side (Annex C.2.2): a counter for each index. */
export class SeenNumbers {
  readonly #seqs: number[];

  constructor(sqn = 0) {
    this.#seqs = Array.from({ length: IND_VALUES }, () => seqOf(sqn));
  }

  /** SQN_MS: the highest of all. */
  get highest(): number {
    let ind = 0;
    for (let at = 1; at < IND_VALUES; at++) if (this.#seqs[at]! > this.#seqs[ind]!) ind = at;
    return this.#seqs[ind]! * IND_VALUES + ind;
  }

  /** False: it was there before, is too old, or too far ahead. */
  take(sqn: number): boolean {
    const ind = indOf(sqn);
    const seq = seqOf(sqn);
    if (seq <= this.#seqs[ind]! || seq - this.#seqs[ind]! > SEQ_AHEAD_MAX) return false;
    this.#seqs[ind] = seq;
    return true;
  }
}
