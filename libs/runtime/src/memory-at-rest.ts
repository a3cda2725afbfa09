// Memory that load has left behind, given back when it is over. V8 keeps a young generation as large as it ever was (128 MiB here) and
// what is free among the old; it has a reducer for that, which marks step by step, but lets it run only where little is allocated:
// where nothing is, it takes the rate for unknown and waits 100 s. Asked to favour size for a moment it begins within 8 s.
// Used by process.ts.
import { setFlagsFromString } from 'node:v8';
import type { Clock } from './clock.port.js';

/** How often CPU and memory are looked at. */
const LOOK_MS = 2_000;
/** At rest: all threads together take less of one core, for so many looks. */
const REST_SHARE = 0.05;
const REST_LOOKS = 5;
/** Load is back: more than this for so many looks. One alone may be the collection itself. */
const LOAD_SHARE = 0.3;
const LOAD_LOOKS = 2;
/** So long V8 is left to it: 8 s until it begins, two collections, and time between them. */
const FAVOUR_LOOKS = 10;
/** Only who has grown since the last time gives back: by a quarter, or by as much as is worth a collection. */
const GROWTH = 1.25;
const GROWTH_BYTES_MIN = 67_108_864;

export type MemoryParts = Readonly<{
  clock: Pick<Clock, 'monotonicMs' | 'after'>;
  /** CPU time of the process, microseconds. */
  cpuUs: () => number;
  residentBytes: () => number;
  /** Lets V8 favour size over speed, or no more. */
  favourSize: (isFavoured: boolean) => void;
}>;

/** This process. */
export const ownMemory = (clock: Clock): MemoryParts => ({
  clock,
  cpuUs() {
    const { user, system } = process.cpuUsage();
    return user + system;
  },
  residentBytes: () => process.memoryUsage.rss(),
  favourSize: (isFavoured) =>
    setFlagsFromString(isFavoured ? '--optimize-for-size' : '--no-optimize-for-size'),
});

/** Looks on until the function returned is called. */
export const giveBackAtRest = ({ clock, cpuUs, residentBytes, favourSize }: MemoryParts): (() => void) => {
  let atMs = clock.monotonicMs();
  let usedUs = cpuUs();
  let restLooks = 0;
  let loadLooks = 0;
  let favourLooks = 0;
  let givenBackTo = 0;

  const end = (): void => {
    favourLooks = 0;
    favourSize(false);
    givenBackTo = residentBytes();
  };
  const begin = (): void => {
    favourLooks = FAVOUR_LOOKS;
    favourSize(true);
  };
  const hasGrown = (): boolean => {
    const resident = residentBytes();
    return resident >= Math.min(givenBackTo * GROWTH, givenBackTo + GROWTH_BYTES_MIN);
  };
  const look = (): void => {
    const [beforeMs, beforeUs] = [atMs, usedUs];
    [atMs, usedUs] = [clock.monotonicMs(), cpuUs()];
    const share = (usedUs - beforeUs) / 1000 / Math.max(1, atMs - beforeMs);
    restLooks = share < REST_SHARE ? restLooks + 1 : 0;
    loadLooks = share > LOAD_SHARE ? loadLooks + 1 : 0;
    if (favourLooks > 0) {
      if (--favourLooks === 0 || loadLooks >= LOAD_LOOKS) end();
    } else if (restLooks >= REST_LOOKS && hasGrown()) begin();
    cancel = clock.after(LOOK_MS, look);
  };
  let cancel = clock.after(LOOK_MS, look);
  return () => {
    cancel();
    if (favourLooks > 0) end();
  };
};
