// A node with one listener on a fake clock, for tests of one transport. Readers: *.spec.ts in adapters/.
import { networkInterfaces } from 'node:os';
import { createFakeClock, type FakeClock } from '#libs/testkit';
import type { Flow } from '../../transport/transport.port.js';
import type { ListenerOptions, NodeTransports, TransportsOptions } from '../transports.options.js';
import { createTransports } from '../transports.js';
import { Recorder, silentLog } from './recorder.js';

export type TestNode = { node: NodeTransports; recorder: Recorder; port: number; clock: FakeClock };

export const startNode = async (
  listener: Partial<ListenerOptions> & Pick<ListenerOptions, 'transport'>,
  options: Partial<TransportsOptions> & { onMessage?: (raw: string, flow: Flow) => void } = {},
): Promise<TestNode> => {
  const recorder = new Recorder(options.onMessage);
  const clock = createFakeClock();
  const listeners = [{ name: 'edge', address: '127.0.0.1', port: 0, ...listener }];
  const node = createTransports({ receiver: recorder, listeners, clock, log: silentLog, ...options });
  await node.listen();
  return { node, recorder, port: node.addresses()[0]!.port, clock };
};

/** ['::1'] where the machine has IPv6, else []: containers often have none. */
export const ipv6Loopback = (): readonly string[] =>
  Object.values(networkInterfaces())
    .flatMap((addresses) => addresses ?? [])
    .filter(({ address }) => address === '::1')
    .map(({ address }) => address)
    .slice(0, 1);

/** Counts of the first listener. */
export const countsOf = ({ node }: Pick<TestNode, 'node'>) => node.counters()[0]!.counters;
