// Decides when each operation of a port goes on: while it holds, everything that handlers wait for (log, store) waits
// here, and goes on in the order that a simulation picks. So races are played in every order, or in an order of chance.

type Held = Readonly<{ name: string; go: () => void }>;

export class Turns {
  #held: Held[] = [];
  #holding = false;

  /** A point at which an operation may have to wait; passes at once while nothing is held. */
  take(name: string): Promise<void> {
    if (!this.#holding) return Promise.resolve();
    return new Promise((go) => this.#held.push({ name, go }));
  }

  hold(): void {
    this.#holding = true;
  }

  /** Names of what waits, in the order that it came. */
  get waiting(): readonly string[] {
    return this.#held.map(({ name }) => name);
  }

  /** Lets the operation at this place of the queue go on. */
  pass(at: number): void {
    this.#held.splice(at, 1)[0]?.go();
  }

  /** Lets everything go on. */
  release(): void {
    this.#holding = false;
    for (const { go } of this.#held.splice(0)) go();
  }
}
