// How many processes serve the ports of one program, and which of them this is (docs/architecture.md §8). Read by the main.ts of those
// that can be several.
import { IsInt, Matches, Max, Min } from 'class-validator';
import { Env } from './config.js';

const COUNT = { message: 'takes a whole number, 1 to 16' };
const NUMBER = { message: 'takes a whole number, -1 to 15' };

export class WorkersConfig {
  @Env(
    'WORKERS',
    'processes that share the ports of this program (Bono, Sprout), on shared engines only; each has ports of its own a hundred apart',
  )
  @IsInt(COUNT)
  @Min(1, COUNT)
  @Max(16, COUNT)
  workers = 1;

  @Env('WORKER', 'which of them a process is, from 0; set by the one that starts them')
  @IsInt(NUMBER)
  @Min(-1, NUMBER)
  @Max(15, NUMBER)
  worker = -1;

  @Env('WORKER_SOCKETS', 'folder of the sockets between them; set by the one that starts them')
  @Matches(/^[^\0]*$/, { message: 'takes a folder' })
  workerSockets = '';
}

/** Ports of a worker's own are so far from those of the one before it. */
const WORKER_PORTS_APART = 100;

/** The port of a worker's own; 0 stays 0. */
export const workerPort = (port: number, worker: number): number =>
  port === 0 ? 0 : port + WORKER_PORTS_APART * worker;

/** Is this the process that starts the others? */
export const startsWorkers = ({ workers, worker }: WorkersConfig): boolean => workers > 1 && worker < 0;
