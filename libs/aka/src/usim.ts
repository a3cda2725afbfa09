// A USIM or ISIM: judges whether a challenge is the network's, and answers it, or says how far it has counted (TS 33.102 §6.3.3).
// For test phones; its keys are in memory.
import { autsOf, type MilenageSecrets, openAutn } from './milenage.js';
import { SeenNumbers } from './sequence-number.js';

export type UsimAnswer =
  | Readonly<{ kind: 'answer'; res: Buffer; ck: Buffer; ik: Buffer }>
  /** The challenge is of the network, but was there before or is too far ahead. */
  | Readonly<{ kind: 'resynchronise'; auts: Buffer }>
  /** Somebody made it who does not have the key. */
  | Readonly<{ kind: 'not-ours' }>;

export class Usim {
  readonly #seen: SeenNumbers;

  /** `sqn`: the highest number that it has taken. */
  constructor(
    private readonly secrets: MilenageSecrets,
    sqn = 0,
  ) {
    this.#seen = new SeenNumbers(sqn);
  }

  challenge(rand: Buffer, autn: Buffer): UsimAnswer {
    const opened = openAutn(this.secrets, rand, autn);
    if (opened === undefined) return { kind: 'not-ours' };
    const { sqn, ...answer } = opened;
    if (this.#seen.take(sqn)) return { kind: 'answer', ...answer };
    return { kind: 'resynchronise', auts: autsOf(this.secrets, rand, this.#seen.highest) };
  }
}
