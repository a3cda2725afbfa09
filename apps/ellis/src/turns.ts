// So many at once, and so many that wait for their turn, in the order in which they came and for so long; beyond it 503. For work that costs:
// hashes of passwords, lines that are made and taken away. Read by argon2.passwords.ts and by the handlers of numbers.
import type { Clock } from '#libs/runtime';
import { type EllisFault, throttled } from './outcome.js';

export type TurnsOptions = Readonly<{
  clock: Pick<Clock, 'after' | 'monotonicMs'>;
  runningMax: number;
  waitingMax: number;
  /** Of those, of one owner: nobody takes all the places. Absent: as many as wait at all. */
  waitingOfOneMax?: number;
  /** After it a client may have gone: nothing is done for it any more. */
  waitingMsMax: number;
  /** For who is one too many, or has waited for too long. */
  reason: string;
}>;

type Waiting = Readonly<{ owner: string | undefined; go: () => void }>;

/** Until how far back work that was done and requests that were refused tell how long the next ones have to wait. */
const LOOK_BACK_MS = 30_000;
const RETRY_AFTER_S_MIN = 5;
/** Who would have to wait for longer is told something between this and twice it, one after the other: not all of them come at once. */
const RETRY_AFTER_S_MOST = 60;

export class Turns {
  #running = 0;
  readonly #waiting: Waiting[] = [];
  /** Since `#sinceMs`: what tells the rate, and who is still to come. */
  #done = 0;
  #refused = 0;
  #sinceMs: number;

  constructor(private readonly options: TurnsOptions) {
    this.#sinceMs = options.clock.monotonicMs();
  }

  /** Runs it when its turn comes; rejects with 503 when too many wait, at once, and when it has waited for too long. `owner`: whose work it is. */
  async run<T>(work: () => Promise<T>, owner?: string): Promise<T> {
    if (this.#running >= this.options.runningMax) await this.#turn(owner);
    else this.#running++;
    try {
      return await work();
    } finally {
      this.#lookBack();
      this.#done++;
      // Who waits takes the place that is given up.
      const next = this.#waiting.shift();
      if (next) next.go();
      else this.#running--;
    }
  }

  #turn(owner: string | undefined): Promise<void> {
    const { clock, waitingMax, waitingOfOneMax = waitingMax, waitingMsMax, reason } = this.options;
    const own = owner === undefined ? 0 : this.#waiting.filter((one) => one.owner === owner).length;
    if (this.#waiting.length >= waitingMax || own >= waitingOfOneMax) throw this.#refusal(reason);
    return new Promise((resolve, reject) => {
      const go = (): void => {
        cancel();
        resolve();
      };
      const place = { owner, go };
      const cancel = clock.after(waitingMsMax, () => {
        this.#waiting.splice(this.#waiting.indexOf(place), 1);
        reject(this.#refusal(reason));
      });
      this.#waiting.push(place);
    });
  }

  /**
   * 503 with the time in which those who were refused before, and who wait, will have had their turn: thousands who came again every few
   * seconds would cost more than the work itself.
   */
  #refusal(reason: string): EllisFault {
    this.#lookBack();
    const aheadOf = this.#waiting.length + this.#refused++;
    const elapsedMs = this.options.clock.monotonicMs() - this.#sinceMs;
    // Nothing done yet: as if each took a second.
    const perS = Math.max(this.#done, this.options.runningMax) / Math.max(1, elapsedMs / 1_000);
    const s = Math.ceil(aheadOf / perS);
    const retryAfterS = s > RETRY_AFTER_S_MOST ? RETRY_AFTER_S_MOST + (aheadOf % RETRY_AFTER_S_MOST) : s;
    return throttled(reason, Math.max(RETRY_AFTER_S_MIN, retryAfterS));
  }

  /** Half of what is remembered goes, so that the rate is of late. */
  #lookBack(): void {
    const nowMs = this.options.clock.monotonicMs();
    if (nowMs - this.#sinceMs < LOOK_BACK_MS) return;
    const isOld = nowMs - this.#sinceMs >= 2 * LOOK_BACK_MS;
    this.#done = isOld ? 0 : this.#done >> 1;
    this.#refused = isOld ? 0 : this.#refused >> 1;
    this.#sinceMs = nowMs - (isOld ? 0 : LOOK_BACK_MS / 2);
  }
}
