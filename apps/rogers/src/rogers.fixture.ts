// A Rogers in this process on real servers, for its int-specs: on a port of its own, ended in the order of a shutdown.
import { connect } from 'node:net';
import {
  createHealth,
  createMetrics,
  ProcessConfig,
  silentLogger,
  systemClock,
  systemRandom,
} from '#libs/runtime';
import { RogersConfig } from './rogers.config.js';
import { type RunningRogers, startRogers } from './start-rogers.js';
import type { Topology } from './topology.js';

export const sleep = (ms: number): Promise<void> =>
  new Promise((resolve) => void systemClock.after(ms, resolve));

export type Node = RunningRogers & Readonly<{ port: number; stop: () => Promise<void> }>;

export const startNode = async (topology: () => Topology): Promise<Node> => {
  const steps: (() => unknown)[] = [];
  const running = await startRogers({
    clock: systemClock,
    random: systemRandom,
    logger: silentLogger,
    metrics: createMetrics(),
    health: createHealth(),
    shutdown: {
      on: (_phase, _name, run) => void steps.push(run),
      drain: () => Promise.resolve(0),
      install: () => undefined,
    },
    process: new ProcessConfig(),
    // A machine that does much else is slow to answer, and is not to be taken for one that hangs.
    config: Object.assign(new RogersConfig(), { rogersPort: 0, rogersTimeoutMs: 500 }),
    topology,
  });
  return {
    ...running,
    port: running.listener.port,
    stop: async () => {
      for (const step of steps) await step();
    },
  };
};

const TRIES_MAX = 800;

/** Until every vbucket is where it should be. */
export const settled = async (nodes: readonly Node[]): Promise<void> => {
  await sleep(600);
  for (let tries = 0; nodes.some(({ rogers }) => rogers.astaire.behind > 0); tries += 1) {
    if (tries > TRIES_MAX) throw new Error(`${nodes.map(({ rogers }) => rogers.astaire.behind).join(', ')} vbuckets to go`);
    await sleep(50);
  }
}; // prettier-ignore

const ANSWER_MS_MAX = 15_000;

/** Text in, all answers out: what comes before that to a last `mn`. */
export const talk = (port: number, text: string): Promise<string> =>
  new Promise((resolve, reject) => {
    let answer = '';
    const socket = connect(port, '127.0.0.1', () => socket.write(`${text}mn\r\n`));
    const end = (): void => {
      cancel();
      socket.destroy();
      resolve(answer);
    };
    const cancel = systemClock.after(ANSWER_MS_MAX, end);
    socket.on('data', (piece) => {
      answer += piece.toString('latin1');
      if (!answer.endsWith('MN\r\n')) return;
      answer = answer.slice(0, -4);
      end();
    });
    socket.once('error', reject);
  });
