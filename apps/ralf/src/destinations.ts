// Who waits for which CDFs: a queue for each list of them, so that those of one list that is down hold up nobody of another.
// A bounded number is under way to each; who waits is bounded by the view (docs/charging.md). Used by accountant.ts.
import type { Clock } from '#libs/runtime';
import type { RfClient } from './rf-client.js';
import type { Work } from './work.js';

/** Lists of CDFs that are told apart; the sessions of further ones wait in one queue. */
export const DESTINATIONS_MAX = 1_000;
/** While no CDF of a list can be tried, it is looked at so often. */
export const LOOK_AGAIN_MS = 500;

export type DestinationsPorts = Readonly<{
  clock: Clock;
  rf: Pick<RfClient, 'isReady'>;
  /** Under way at the same time, a list. */
  window: number;
  /** False: it could not be tried, and waits on. */
  send: (work: Work) => Promise<boolean>;
}>;

type Destination = {
  readonly ccf: readonly string[];
  /** In the order of their coming. */
  readonly queue: Set<Work>;
  underWay: number;
  cancel: (() => void) | undefined;
};

export class Destinations {
  private readonly known = new Map<string, Destination>();
  private isStopped = false;

  constructor(private readonly ports: DestinationsPorts) {}

  add(ccf: readonly string[], work: Work): void {
    const destination = this.of(ccf);
    destination.queue.add(work);
    this.pump(destination);
  }

  stop(): void {
    this.isStopped = true;
    for (const { cancel } of this.known.values()) cancel?.();
  }

  private of(ccf: readonly string[]): Destination {
    const name = ccf.join(' ');
    const found = this.known.get(name);
    if (found !== undefined) return found;
    const isOneMore = this.known.size >= DESTINATIONS_MAX;
    const key = isOneMore ? '' : name;
    const destination = this.known.get(key) ?? { ccf: isOneMore ? [] : ccf, queue: new Set(), underWay: 0, cancel: undefined };
    this.known.set(key, destination);
    return destination;
  } // prettier-ignore

  private pump(destination: Destination): void {
    const { rf, window } = this.ports;
    if (destination.cancel !== undefined) return;
    while (!this.isStopped && destination.underWay < window) {
      const [work] = destination.queue;
      if (work === undefined) return;
      if (!rf.isReady(destination.ccf)) return this.wait(destination);
      destination.queue.delete(work);
      destination.underWay++;
      void this.ports.send(work).then((isDone) => {
        destination.underWay--;
        if (isDone) return this.pump(destination);
        destination.queue.add(work);
        this.wait(destination);
      });
    }
  }

  private wait(destination: Destination): void {
    destination.cancel ??= this.ports.clock.after(LOOK_AGAIN_MS, () => {
      destination.cancel = undefined;
      this.pump(destination);
    });
  }
}
