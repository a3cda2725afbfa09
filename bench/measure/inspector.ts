// A CPU profile of a running product between two moments, over V8's inspector: start-up and provisioning stay out of it.
// Used by `bench -- … --profile`; the product is started with --inspect on a free port of loopback.
import { WebSocket } from 'ws';
import { until } from '../harness/children.js';

const CONNECT_MS_MAX = 5000;
const SAMPLING_US = 500;

export interface Profiler {
  start(): Promise<void>;
  /** The profile as V8 gives it (.cpuprofile). */
  stop(): Promise<unknown>;
  close(): void;
}

type Message = Readonly<{
  id?: number;
  result?: Readonly<Record<string, unknown>>;
  error?: Readonly<{ message: string }>;
}>;

const debuggerUrl = (port: number): Promise<string> =>
  until('the inspector', CONNECT_MS_MAX, async () => {
    try {
      const targets = (await (await fetch(`http://127.0.0.1:${port}/json`)).json()) as {
        webSocketDebuggerUrl: string;
      }[];
      return targets[0]?.webSocketDebuggerUrl;
    } catch {
      return undefined; // not listening yet
    }
  });

export const connectProfiler = async (port: number): Promise<Profiler> => {
  const ws = new WebSocket(await debuggerUrl(port), { maxPayload: 256 * 2 ** 20 });
  const waiting = new Map<number, (message: Message) => void>();
  let last = 0;
  await new Promise<void>((resolve, reject) => {
    ws.once('open', resolve);
    ws.once('error', reject);
  });
  ws.on('message', (data: Buffer) => {
    const message = JSON.parse(data.toString('utf8')) as Message;
    waiting.get(message.id ?? -1)?.(message);
  });
  const ask = (method: string, params: object = {}): Promise<Readonly<Record<string, unknown>>> =>
    new Promise((resolve, reject) => {
      last += 1;
      waiting.set(last, ({ result = {}, error }) =>
        error ? reject(new Error(error.message)) : resolve(result),
      );
      ws.send(JSON.stringify({ id: last, method, params }));
    });
  await ask('Profiler.enable');
  await ask('Profiler.setSamplingInterval', { interval: SAMPLING_US });
  return {
    start: async () => void (await ask('Profiler.start')),
    stop: async () => (await ask('Profiler.stop'))['profile'],
    close: () => ws.close(),
  };
};
