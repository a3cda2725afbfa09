// Timers of the built product over kill -9: each that was acknowledged pops, none before its time, whatever moment the process ends at.
import { readFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import { RunningProduct, sleep } from './running-product.js';

const TIMERS = 600;
const INTERVAL_S_MAX = 8;
const KILLS = 3;

type Set = Readonly<{ name: string; dueMs: number; isCancelled: boolean }>;

let product: RunningProduct;
let receiver: Server;
const called = new Map<string, { sequence: string; atMs: number }[]>();

beforeAll(async () => {
  receiver = createServer((request, answer) => {
    const name = request.url ?? '';
    const calls = called.get(name) ?? [];
    calls.push({ sequence: String(request.headers['x-sequence-number']), atMs: Date.now() });
    called.set(name, calls);
    request.resume().on('end', () => answer.end());
  });
  await new Promise<void>((resolve) => receiver.listen(0, '127.0.0.1', resolve));
  product = await RunningProduct.start();
});
afterAll(async () => {
  await product.close();
  receiver.close();
});

const request = async (method: string, resource: string, body?: object): Promise<Response | undefined> => {
  const apiKey = readFileSync(path.join(product.dataDir, 'api-key'), 'utf8').trim();
  const url = `http://127.0.0.1:${product.ports.CHRONOS_PORT}${resource}`;
  try {
    return await fetch(url, {
      method,
      headers: { 'x-api-key': apiKey, 'content-type': 'application/json' },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
  } catch {
    return undefined; // killed meanwhile
  }
};

const setTimer = async (name: string): Promise<Set | undefined> => {
  const interval = 1 + Math.floor(Math.random() * INTERVAL_S_MAX);
  const { port } = receiver.address() as AddressInfo;
  const uri = `http://127.0.0.1:${port}/${name}`;
  const startMs = Date.now();
  const answer = await request('POST', '/timers', {
    timing: { interval },
    callback: { http: { uri, opaque: '' } },
  });
  if (answer?.status !== 200) return undefined;
  const location = answer.headers.get('location') ?? '';
  const isCancelled = Math.random() < 0.1 && (await request('DELETE', location))?.status === 200;
  return { name: `/${name}`, dueMs: startMs + interval * 1000, isCancelled };
};

it('pops each timer that it has acknowledged, none early, killed again and again', async () => {
  const set: Set[] = [];
  for (let kill = 0; kill <= KILLS; kill++) {
    const setting = (async () => {
      for (let i = 0; i < TIMERS / (KILLS + 1); i++) {
        const timer = await setTimer(`${kill}-${i}`);
        if (timer) set.push(timer);
      }
    })();
    if (kill < KILLS) {
      await sleep(300 + Math.random() * 700);
      await product.end('SIGKILL');
    }
    await setting;
    if (kill < KILLS) await product.launch();
  }
  await sleep(INTERVAL_S_MAX * 1000 + 3_000);
  const kept = set.filter(({ isCancelled }) => !isCancelled);
  expect(kept.length).toBeGreaterThan(50);
  expect(kept.filter(({ name }) => !called.has(name))).toEqual([]);
  for (const { name, dueMs } of kept)
    for (const { sequence, atMs } of called.get(name) ?? []) {
      expect(sequence).toBe('1');
      expect(atMs).toBeGreaterThanOrEqual(dueMs);
    }
  const doubled = kept.filter(({ name }) => (called.get(name) ?? []).length > 1);
  expect(doubled.length).toBeLessThanOrEqual(kept.length * 0.2);
}, 120_000);
