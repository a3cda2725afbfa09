// How much slower than where the limits were set this machine is now: for short forms of acceptance lines, which run on whatever machine they
// meet, without the peer that says it better (docs/performance.md, "Microseconds of which machine"). Full forms judge the limits alone.
import { hash } from 'node:crypto';
import { closeSync, openSync, writeSync } from 'node:fs';
import { median, round } from './report.js';

const ROUNDS = 9;
const STEPS = 4_000;
/** CPU of a step, µs, where Kamailio takes 19 for a registration: it was 5.5 where Kamailio took 55. */
const REFERENCE_US = 1.9;
/** No machine that is slower than this says anything. */
const SLOWNESS_MAX = 4;
const MESSAGE = JSON.stringify({
  headers: Array.from({ length: 8 }, (_, n) => [`Header-${n}`, `value ${n}`]),
});

/** Text that is read, a digest, a system call: what a message costs. */
const stepUs = (to: number): number => {
  const before = process.cpuUsage();
  for (let n = 0; n < STEPS; n++) {
    JSON.parse(MESSAGE);
    hash('md5', MESSAGE);
    writeSync(to, MESSAGE);
  }
  const { user, system } = process.cpuUsage(before);
  return (user + system) / STEPS;
};

/** 1 where it is as fast or faster; at most 4. */
export const slowness = (): number => {
  const nowhere = openSync('/dev/null', 'w');
  try {
    const steps = Array.from({ length: ROUNDS }, () => stepUs(nowhere));
    return round(Math.min(SLOWNESS_MAX, Math.max(1, median(steps) / REFERENCE_US)), 2);
  } finally {
    closeSync(nowhere);
  }
};
