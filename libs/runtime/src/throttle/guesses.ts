// How often passwords may be guessed over HTTP: of one user from one address, and of whomever from one address. Who guesses is slowed down;
// who has signed in from an address lately is not kept waiting by what others guess from there. In this process alone, bounded, on a clock.
// Used by Ellis' sign-in and by the HTTP digest of Homer and the call list; over SIP answers are held instead (Sprout's failure-brake.ts).
import type { Clock } from '../clock.port.js';
import { Throttle } from './throttle.js';

/** Ten at once, then one in six seconds. */
export const GUESSES_OF_USER = { burst: 10, everyMs: 6_000 } as const;
/** Fifty at once, then one a second: mistyped passwords behind one NAT are far fewer. */
export const GUESSES_OF_ADDRESS = { burst: 50, everyMs: 1_000 } as const;
/** Users who have signed in from an address; beyond it the one that did so longest ago is a stranger again. */
export const KNOWN_MAX = 20_000;
/** Of a user's name; nobody is called longer, and what a stranger says is kept for a while. */
export const USER_CHARACTERS_MAX = 256;
/** For so long it counts that somebody has signed in from there. */
export const KNOWN_MS = 86_400_000;

/** A try that counts as a wrong one unless something else is said of it. */
export type Guess = Readonly<{
  /** Seconds until it may be made; 0: now. One that has to wait counts nowhere. */
  waitS: number;
  /** It could not be judged. */
  forgive(): void;
  /** It was right. */
  proved(): void;
}>;

const NOTHING = (): void => undefined;
const refused = (waitS: number): Guess => ({ waitS, forgive: NOTHING, proved: NOTHING });

export class Guesses {
  readonly #ofUser: Throttle;
  readonly #ofAddress: Throttle;
  /** Until when, by user and address; in the order in which they signed in. */
  readonly #known = new Map<string, number>();

  constructor(private readonly clock: Pick<Clock, 'monotonicMs'>) {
    this.#ofUser = new Throttle(GUESSES_OF_USER, clock);
    this.#ofAddress = new Throttle(GUESSES_OF_ADDRESS, clock);
  }

  /** Before it is judged: many at once are as many tries. `address`: by lineOf. */
  begin(user: string, address: string): Guess {
    const pair = `${address} ${user.slice(0, USER_CHARACTERS_MAX)}`;
    const isKnown = (this.#known.get(pair) ?? 0) > this.clock.monotonicMs();
    const addressWaitS = isKnown ? 0 : this.#ofAddress.take(address);
    if (addressWaitS > 0) return refused(addressWaitS);
    const giveBack = isKnown ? NOTHING : () => this.#ofAddress.giveBack(address);
    const waitS = this.#ofUser.take(pair);
    if (waitS > 0) {
      // Or else who hammers at one user keeps the neighbours out.
      giveBack();
      return refused(waitS);
    }
    const forgive = (): void => {
      this.#ofUser.giveBack(pair);
      giveBack();
    };
    const proved = (): void => {
      forgive();
      this.#remember(pair);
    };
    return { waitS: 0, forgive, proved };
  }

  #remember(pair: string): void {
    this.#known.delete(pair);
    if (this.#known.size >= KNOWN_MAX) this.#known.delete(this.#known.keys().next().value!);
    this.#known.set(pair, this.clock.monotonicMs() + KNOWN_MS);
  }
}
