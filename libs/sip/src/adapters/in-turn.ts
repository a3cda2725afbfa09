// Several connections to one address, used in turn: where processes share the port behind it, each connection is one's of them.
// Owner: tcp.ts.

/** Addresses with connections in turn; beyond it the one used first is forgotten, its connections go on until they are idle. */
export const ADDRESSES_IN_TURN_MAX = 1_024;

/** One place: whoever finds it empty, or its connection of no use, puts a new one there. */
export type Slot<C> = { connection: C | undefined };

export class InTurn<C> {
  readonly #byAddress = new Map<string, { slots: readonly Slot<C>[]; at: number }>();

  constructor(private readonly each: number) {}

  next(address: string, port: number): Slot<C> {
    const key = `${address} ${port}`;
    let turn = this.#byAddress.get(key);
    if (turn === undefined) {
      turn = { slots: Array.from({ length: this.each }, () => ({ connection: undefined })), at: 0 };
      if (this.#byAddress.size >= ADDRESSES_IN_TURN_MAX)
        this.#byAddress.delete(this.#byAddress.keys().next().value!);
      this.#byAddress.set(key, turn);
    }
    turn.at = (turn.at + 1) % this.each;
    return turn.slots[turn.at]!;
  }
}
