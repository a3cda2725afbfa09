// One thread of a campaign: plays the seeds that it is given, one after the other. Started by campaign.ts.
import { parentPort } from 'node:worker_threads';
import { playStorm, type StormReport } from '../storm/storm.js';

/** What a thread is asked. */
export type StormAsked = Readonly<{ seed: number; steps: number }>;
/** What it answers. */
export type StormPlayed = Readonly<{ seed: number; report: StormReport }>;

parentPort?.on('message', ({ seed, steps }: StormAsked) => {
  void playStorm(seed, { steps }).then((report) => {
    const played: StormPlayed = { seed, report };
    parentPort?.postMessage(played);
  });
});
