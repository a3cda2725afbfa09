// Links between the workers of one program: a Unix socket each, in a folder that only its owner may enter. A frame is its length in four
// bytes and as much latin1 text; what is sent in one turn of the event loop goes out in one write. Made by the apps' main.ts.
import { rmSync } from 'node:fs';
import { connect, createServer, type Server, type Socket } from 'node:net';
import path from 'node:path';
import type { WorkerLinks } from '../workers/worker-links.port.js';

/** A message as large as UDP carries one, and what is said of it. */
export const FRAME_BYTES_MAX = 131_072;
/** Waiting for one worker; over it frames are lost, and counted by who sent them. */
export const LINK_QUEUE_BYTES_MAX = 8_388_608;
/** A worker that is not there is tried again after this: until then what is for it is refused at once. */
const RETRY_MS = 100;
/** What comes before anybody listens, as the process starts; more is dropped. */
export const FRAMES_HELD_MAX = 20_000;
const HEAD_BYTES = 4;

/** As in the environment of a worker (libs/runtime WorkersConfig). */
export type WorkerSocketsOptions = Readonly<{
  workerSockets: string;
  worker: number;
  workers: number;
  /** The monotonic clock. */
  nowMs: () => number;
}>;

export interface WorkerSockets extends WorkerLinks {
  close(): void;
}

const socketFile = (folder: string, worker: number): string => path.join(folder, `${worker}.sock`);

/** Cuts what comes into frames. False: what comes is none of ours. */
const framesOf = (take: (frame: string) => void): ((chunk: Buffer) => boolean) => {
  let kept: Buffer = Buffer.alloc(0);
  return (chunk) => {
    let bytes = kept.length === 0 ? chunk : Buffer.concat([kept, chunk]);
    while (bytes.length >= HEAD_BYTES) {
      const length = bytes.readUInt32BE(0);
      if (length > FRAME_BYTES_MAX) return false;
      if (bytes.length < HEAD_BYTES + length) break;
      take(bytes.toString('latin1', HEAD_BYTES, HEAD_BYTES + length));
      bytes = bytes.subarray(HEAD_BYTES + length);
    }
    kept = Buffer.from(bytes);
    return true;
  };
};

/** The way to one other worker: made when something is to be sent. */
class Link {
  #socket: Socket | undefined;
  #out: Buffer[] = [];
  #waiting = 0;
  #refusedAtMs = -Infinity;

  constructor(
    private readonly file: string,
    private readonly nowMs: () => number,
  ) {}

  send(frame: string): boolean {
    if (frame.length > FRAME_BYTES_MAX || !this.#isOpen()) return false;
    if (this.#waiting + (this.#socket?.writableLength ?? 0) > LINK_QUEUE_BYTES_MAX) return false;
    const bytes = Buffer.allocUnsafe(HEAD_BYTES + frame.length);
    bytes.writeUInt32BE(frame.length, 0);
    bytes.write(frame, HEAD_BYTES, 'latin1');
    if (this.#out.push(bytes) === 1) setImmediate(() => this.#flush());
    this.#waiting += bytes.length;
    return true;
  }

  close(): void {
    this.#flush();
    this.#socket?.end();
    this.#socket?.unref();
  }

  #isOpen(): boolean {
    if (this.#socket !== undefined) return true;
    if (this.nowMs() - this.#refusedAtMs < RETRY_MS) return false;
    const socket = connect(this.file);
    socket.on('error', () => undefined);
    socket.on('close', () => {
      if (this.#socket === socket) this.#socket = undefined;
      this.#refusedAtMs = this.nowMs();
    });
    this.#socket = socket;
    return true;
  }

  #flush(): void {
    if (this.#out.length === 0) return;
    const out = this.#out;
    this.#out = [];
    this.#waiting = 0;
    this.#socket?.write(out.length === 1 ? out[0]! : Buffer.concat(out));
  }
}

/** `peers`: those that are connected, for whoever ends it. */
const listenAt = async (file: string, peers: Set<Socket>, take: (frame: string) => void): Promise<Server> => {
  rmSync(file, { force: true }); // of a worker of this number that was killed
  const server = createServer((socket) => {
    const cut = framesOf(take);
    peers.add(socket);
    socket.on('close', () => peers.delete(socket));
    socket.on('error', () => undefined);
    socket.on('data', (chunk: Buffer) => {
      if (!cut(chunk)) socket.destroy();
    });
  });
  await new Promise<void>((resolve, reject) => server.once('error', reject).listen(file, resolve));
  server.unref();
  return server;
};

/** Listens for the other workers; resolves when they can reach this one. undefined: there are none. */
export const openWorkerSockets = async (
  options: WorkerSocketsOptions,
): Promise<WorkerSockets | undefined> => {
  const { workerSockets: folder, worker: own, workers: count, nowMs } = options;
  if (count < 2) return undefined;
  const links = Array.from({ length: count }, (_, worker) => new Link(socketFile(folder, worker), nowMs));
  let held: string[] = [];
  let take = (frame: string): void => {
    if (held.length < FRAMES_HELD_MAX) held.push(frame);
  };
  const peers = new Set<Socket>();
  const server = await listenAt(socketFile(folder, own), peers, (frame) => take(frame));
  return {
    own,
    count,
    send: (worker, frame) => worker !== own && links[worker]?.send(frame) === true,
    listen(listener) {
      const before = held;
      held = [];
      take = listener;
      before.forEach(listener);
    },
    close() {
      for (const link of links) link.close();
      server.close();
      for (const peer of peers) peer.destroy();
    },
  };
};
