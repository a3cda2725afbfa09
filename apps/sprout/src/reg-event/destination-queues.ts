// Requests of the router's own towards many destinations: so many at a time to each, the rest waits in its order. Who does not answer
// soon gives its place up and is waited for without one: a dead peer holds up nobody but itself.
// Used by notifier.ts and servers-news.ts.
import type { Clock } from '#libs/runtime';

/** Requests to one destination that hold a place. */
export const DESTINATION_PLACES_MAX = 200;
/** Waiting for a place at one destination; one more is refused, and whoever asks comes again. */
export const DESTINATION_WAITING_MAX = 100_000;
/** How long a place is held at most. */
export const PLACE_HELD_MS_MAX = 2_000;

/** Begins the work; it calls `leave` when it is over, as often as it likes. */
export type Work = (leave: () => void) => void;

/** So many that have begun are kept in the list before it is cut. */
const BEGUN_KEPT_MAX = 1_000;

/** `isAdmitting`: works that are over at once are followed by the next in one loop, not each within the one before. */
type Destination = { held: number; waiting: Work[]; next: number; isAdmitting: boolean };

export class DestinationQueues {
  readonly #destinations = new Map<string, Destination>();

  constructor(private readonly clock: Pick<Clock, 'after'>) {}

  /** Runs the work at once or when there is a place; false: too many wait already. */
  enter(name: string, work: Work): boolean {
    let destination = this.#destinations.get(name);
    if (destination === undefined)
      this.#destinations.set(name, (destination = { held: 0, waiting: [], next: 0, isAdmitting: false }));
    if (destination.waiting.length - destination.next >= DESTINATION_WAITING_MAX) return false;
    destination.waiting.push(work);
    this.#admit(name, destination);
    return true;
  }

  #admit(name: string, destination: Destination): void {
    if (destination.isAdmitting) return;
    destination.isAdmitting = true;
    try {
      while (destination.held < DESTINATION_PLACES_MAX && destination.next < destination.waiting.length)
        this.#begin(name, destination, destination.waiting[destination.next++]!);
    } finally {
      destination.isAdmitting = false;
    }
    if (destination.next < destination.waiting.length) return this.#cut(destination);
    destination.waiting = [];
    destination.next = 0;
    if (destination.held === 0) this.#destinations.delete(name);
  }

  /** A destination that is never idle keeps what waits, not all that ever did. */
  #cut(destination: Destination): void {
    const { next, waiting } = destination;
    if (next < BEGUN_KEPT_MAX || next * 2 < waiting.length) return;
    destination.waiting = waiting.slice(next);
    destination.next = 0;
  }

  #begin(name: string, destination: Destination, work: Work): void {
    destination.held++;
    let isHeld = true;
    const leave = (): void => {
      if (!isHeld) return;
      isHeld = false;
      forget();
      destination.held--;
      this.#admit(name, destination);
    };
    const forget = this.clock.after(PLACE_HELD_MS_MAX, leave);
    work(leave);
  }
}
