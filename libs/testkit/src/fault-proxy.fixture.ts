// A TCP proxy between a client and a server that does what networks do: loses answers after the server took the request, delays, freezes,
// resets. It knows no protocol: it works on bytes, a direction at a time. Used by tests of the log on Kafka and by the runs of faults.
import net from 'node:net';
import type { AddressInfo } from 'node:net';
import { systemClock } from '#libs/runtime';

export type Fault =
  | 'none'
  /** The broker takes what is sent; its answers are lost, and the connection with them when the fault ends. */
  | 'lose-answers'
  /** What is sent is lost on the way; the connection ends when the fault does. */
  | 'lose-requests'
  | 'delay'
  /** Nothing moves either way, and goes on when the fault ends. */
  | 'freeze'
  /** Connections are reset, and new ones refused. */
  | 'reset';

export type FaultProxy = Readonly<{
  host: string;
  port: number;
  set: (fault: Fault) => void;
  /** How often bytes met each fault. */
  met: ReadonlyMap<Fault, number>;
  close: () => Promise<void>;
}>;

const DELAY_MS = 300;

type Pair = { client: net.Socket; broker: net.Socket; isSpoilt: boolean; held: (() => void)[] };

/** Where a proxy itself is reached; port 0: a free one. */
export type ProxyAt = Readonly<{ host: string; port: number }>;

/** In front of the server at `host` and `port`. */
export const startFaultProxy = async (
  host: string,
  port: number,
  at: ProxyAt = { host: '127.0.0.1', port: 0 },
): Promise<FaultProxy> => {
  let fault: Fault = 'none';
  const met = new Map<Fault, number>();
  const pairs = new Set<Pair>();

  const pass = (pair: Pair, bytes: Buffer, to: net.Socket): void => {
    met.set(fault, (met.get(fault) ?? 0) + 1);
    const isAnswer = to === pair.client;
    if (fault === 'lose-answers' && isAnswer) pair.isSpoilt = true;
    if (fault === 'lose-requests' && !isAnswer) pair.isSpoilt = true;
    if (pair.isSpoilt && isAnswer) return;
    if (pair.isSpoilt && fault === 'lose-requests') return;
    if (fault === 'freeze' || pair.held.length > 0) pair.held.push(() => to.write(bytes));
    else if (fault === 'delay') systemClock.after(DELAY_MS, () => void to.write(bytes));
    else to.write(bytes);
  };

  const server = net.createServer((client) => {
    if (fault === 'reset') return void client.resetAndDestroy();
    const broker = net.connect({ host, port });
    const pair: Pair = { client, broker, isSpoilt: false, held: [] };
    pairs.add(pair);
    const end = (): void => {
      pairs.delete(pair);
      client.destroy();
      broker.destroy();
    };
    for (const socket of [client, broker]) {
      socket.setNoDelay(true);
      socket.on('error', end).on('close', end);
    }
    client.on('data', (bytes) => pass(pair, bytes, broker));
    broker.on('data', (bytes) => pass(pair, bytes, client));
  });
  await new Promise<void>((resolve, reject) =>
    server.once('error', reject).listen(at.port, at.host, resolve),
  );

  return {
    host: at.host,
    port: (server.address() as AddressInfo).port,
    met,
    set(next) {
      fault = next;
      for (const pair of pairs) {
        if (next === 'reset' || (pair.isSpoilt && next === 'none')) pair.client.resetAndDestroy();
        if (next !== 'freeze') for (const write of pair.held.splice(0)) write();
      }
    },
    async close() {
      for (const { client } of pairs) client.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
};
