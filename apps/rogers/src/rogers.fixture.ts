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
    config: Object.assign(new RogersConfig(), { rogersPort: 0 }),
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

/** Bytes in, what comes within a moment out. */
export const talk = (port: number, bytes: string | Buffer, ms = 200): Promise<Buffer> =>
  new Promise((resolve, reject) => {
    const pieces: Buffer[] = [];
    const socket = connect(port, '127.0.0.1', () => socket.write(bytes));
    socket.on('data', (piece) => pieces.push(piece));
    socket.once('error', reject);
    systemClock.after(ms, () => {
      socket.destroy();
      resolve(Buffer.concat(pieces));
    });
  });
