// Links between workers over real Unix sockets.
import { mkdtempSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { FRAME_BYTES_MAX, openWorkerSockets, type WorkerSockets } from './worker-sockets.js';

const folder = mkdtempSync(path.join(tmpdir(), 'workers-'));
const opened: WorkerSockets[] = [];
afterEach(() => {
  for (const one of opened.splice(0)) one.close();
});
afterAll(() => rmSync(folder, { recursive: true }));

/** Later than any wait after a refusal. */
let nowMs = 0;
const open = async (worker: number): Promise<WorkerSockets> => {
  const links = await openWorkerSockets({
    workerSockets: folder,
    worker,
    workers: 2,
    nowMs: () => (nowMs += 1_000),
  });
  opened.push(links!);
  return links!;
};

const heardBy = (links: WorkerSockets) => {
  const frames: string[] = [];
  let wake = (): void => undefined;
  links.listen((frame) => {
    frames.push(frame);
    wake();
  });
  const upTo = async (count: number): Promise<readonly string[]> => {
    while (frames.length < count) await new Promise<void>((resolve) => (wake = resolve));
    return frames;
  };
  return { frames, upTo };
};

it('carries frames in order, each whole, whatever is in them', async () => {
  const [one, two] = [await open(0), await open(1)];
  const heard = heardBy(two);
  const frames = [
    '',
    'a\r\nb\0',
    '\xff'.repeat(FRAME_BYTES_MAX),
    ...Array.from({ length: 500 }, (_, n) => `frame ${n}`),
  ];
  for (const frame of frames) expect(one.send(1, frame)).toBe(true);
  expect(await heard.upTo(frames.length)).toEqual(frames);
});

it('keeps what comes before anybody listens', async () => {
  const [one, two] = [await open(0), await open(1)];
  one.send(1, 'early');
  const first = heardBy(one);
  two.send(0, 'ready');
  await first.upTo(1);
  await new Promise<void>((resolve) => setImmediate(resolve));
  expect(await heardBy(two).upTo(1)).toEqual(['early']);
});

it('refuses what is too large, what is for itself or for nobody', async () => {
  const one = await open(0);
  expect(one.send(0, 'x')).toBe(false);
  expect(one.send(7, 'x')).toBe(false);
  expect(one.send(1, 'x'.repeat(FRAME_BYTES_MAX + 1))).toBe(false);
});

it('reaches a worker again that has been killed and started', async () => {
  const one = await open(0);
  const first = heardBy(await open(1));
  one.send(1, 'before');
  await first.upTo(1);
  opened.pop()!.close();
  const again = heardBy(await open(1));
  // What was under way when it ended is lost.
  while (again.frames.length === 0) {
    one.send(1, 'after');
    await new Promise((resolve) => setImmediate(resolve));
  }
  expect(again.frames[0]).toBe('after');
});

it('ends a connection that sends no frames', async () => {
  await open(0);
  const socket = connect(path.join(folder, '0.sock'));
  socket.write(Buffer.alloc(64, 0xff));
  await new Promise<void>((resolve) => socket.once('close', () => resolve()));
});

it('is nothing where there is one process', async () => {
  const alone = { workerSockets: '', worker: -1, workers: 1, nowMs: () => 0 };
  expect(await openWorkerSockets(alone)).toBeUndefined();
});
