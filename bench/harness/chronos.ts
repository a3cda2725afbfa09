// Chronos as a process of its own, and a receiver of its callbacks, for bench and accept.
import { Agent, createServer, request, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type Child, startChild, until } from './children.js';
import { freePort } from './ports.js';
import { API_KEY, cleanEnv } from './product.js';
import { inRepository } from './root.js';

const READY_MS_MAX = 120_000;
const CONNECTIONS = 64;

export type RunningChronos = Readonly<{ child: Child; url: string; managementUrl: string; readyMs: number }>;

/** Starts it on free ports; resolves when it is ready. */
export const startChronos = async (dataDir: string, env: NodeJS.ProcessEnv = {}): Promise<RunningChronos> => {
  const [port, management] = [await freePort(), await freePort()];
  const startMs = performance.now();
  const main = inRepository('dist/apps/chronos/src/main.js');
  const child = startChild(process.execPath, [main], {
    env: {
      ...cleanEnv(),
      MALLOC_ARENA_MAX: '2',
      LOG_LEVEL: 'warn',
      API_KEYS: API_KEY,
      DATA_DIR: dataDir,
      CHRONOS_PORT: String(port),
      MANAGEMENT_PORT: String(management),
      ...env,
    },
  });
  const managementUrl = `http://127.0.0.1:${management}`;
  await until('Chronos to be ready', READY_MS_MAX, async () => {
    if (child.ended) throw new Error(`Chronos ended: ${child.output()}`);
    const answer = await fetch(`${managementUrl}/healthz`).catch(() => undefined);
    return answer?.status === 200 ? true : undefined;
  });
  const readyMs = Math.round(performance.now() - startMs);
  return { child, url: `http://127.0.0.1:${port}`, managementUrl, readyMs };
};

export const stopChronos = async ({ child }: RunningChronos, signal: NodeJS.Signals = 'SIGTERM'): Promise<void> => {
  if (child.ended) return;
  child.signal(signal);
  await child.exit;
}; // prettier-ignore

export type Callback = Readonly<{ path: string; sequence: number; atMs: number }>;

export interface CallbackReceiver {
  readonly port: number;
  /** Taken so far. */
  count: number;
  close(): void;
}

/** Takes every callback with 200. */
export const startReceiver = async (onCallback?: (callback: Callback) => void): Promise<CallbackReceiver> => {
  const server: Server = createServer((incoming, answer) => {
    receiver.count++;
    const sequence = Number(incoming.headers['x-sequence-number']);
    onCallback?.({ path: incoming.url ?? '', sequence, atMs: Date.now() });
    incoming.resume().on('end', () => answer.end());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const receiver: CallbackReceiver = { port, count: 0, close: () => void server.close() };
  return receiver;
};

export type TimerToSet = Readonly<{ intervalS: number; uri: string }>;

/** Sets timers over kept connections; the n-th by the n-th address in turn. Resolves with which were acknowledged, by their order. */
export const setTimers = async (
  urls: readonly string[],
  timers: readonly TimerToSet[],
  onSet?: (index: number, startMs: number) => void,
): Promise<number> => {
  const agent = new Agent({ keepAlive: true, maxSockets: CONNECTIONS });
  const headers = { 'x-api-key': API_KEY, 'content-type': 'application/json' };
  const one = (index: number, { intervalS, uri }: TimerToSet): Promise<boolean> =>
    new Promise((resolve) => {
      const opaque = '{"aor_id":"sip:6505550000@ims.test","binding_id":"x"}';
      const body = { timing: { interval: intervalS }, callback: { http: { uri, opaque } }, statistics: { 'tag-info': [{ type: 'BIND' }] } }; // prettier-ignore
      const startMs = Date.now();
      const sent = request(`${urls[index % urls.length]}/timers`, { method: 'POST', agent, headers }, (answer) => {
        answer.resume().on('end', () => {
          if (answer.statusCode === 200) onSet?.(index, startMs);
          resolve(answer.statusCode === 200);
        });
      }); // prettier-ignore
      sent.on('error', () => resolve(false)).end(JSON.stringify(body));
    });
  let [next, acknowledged] = [0, 0];
  const caller = async (): Promise<void> => {
    for (let index = next++; index < timers.length; index = next++)
      if (await one(index, timers[index]!)) acknowledged++;
  };
  await Promise.all(Array.from({ length: CONNECTIONS }, caller));
  agent.destroy();
  return acknowledged;
};
