// The control port on real sockets: connections that say nothing make room for those that do, and who does not read is cut off.
import { connect, type Socket } from 'node:net';
import { once } from 'node:events';
import { silentLogger } from '#libs/runtime';
import type { DrachtioServer } from '../drachtio-server.js';
import { type ControlPort, CONNECTIONS_MAX, createControlPort, OUTBOX_BYTES_MAX } from './control-port.js';

/** A server that takes whoever says anything for authenticated, and says what it is asked to. */
type Peer = {
  attached: boolean;
  said: string;
  gone: boolean;
  send: (text: string) => void;
  close: () => void;
};

let peers: Peer[];
let port: ControlPort;
const clients: Socket[] = [];
let arrived: () => void = () => undefined;

beforeEach(async () => {
  peers = [];
  const connected: DrachtioServer['connected'] = (link) => {
    const peer: Peer = { attached: false, said: '', gone: false, send: (text) => link.send(text), close: () => link.close() }; // prettier-ignore
    peers.push(peer);
    return {
      get attached() {
        return peer.attached;
      },
      receive(text) {
        peer.attached = true;
        peer.said += text;
        arrived();
      },
      closed() {
        peer.gone = true;
        arrived();
      },
    };
  };
  port = await createControlPort({
    host: '127.0.0.1',
    port: 0,
    allowPeer: () => true,
    server: { connected } as Partial<DrachtioServer> as DrachtioServer,
    log: silentLogger,
  });
});
afterEach(async () => {
  for (const client of clients.splice(0)) client.destroy();
  await port.close();
});

const until = async (holds: () => boolean): Promise<void> => {
  while (!holds()) await new Promise<void>((resolve) => (arrived = resolve));
};
const dial = async (says = ''): Promise<Socket> => {
  const client = connect(port.port, '127.0.0.1');
  client.on('error', () => undefined);
  clients.push(client);
  await once(client, 'connect');
  if (says !== '') {
    client.write(says);
    await until(() => peers.some(({ said }) => said === says));
  }
  return client;
};

it('gives the place of the oldest that says nothing to who comes, and takes none from who said something', async () => {
  const first = await dial('i am one');
  const silent = await dial();
  for (let n = 2; n < CONNECTIONS_MAX; n++) await dial();
  await dial('i am another');
  await until(() => peers[1]!.gone);
  await once(silent, 'close');
  expect([peers[0]!.gone, first.destroyed, peers.filter(({ gone }) => gone).length]).toEqual([
    false,
    false,
    1,
  ]);
});

it('takes nobody more where all have said something', async () => {
  for (let n = 0; n < CONNECTIONS_MAX; n++) await dial(`i am ${n}.`);
  const one = await dial();
  await once(one, 'close');
  expect(peers).toHaveLength(CONNECTIONS_MAX);
});

it('cuts off who does not read', async () => {
  const deaf = await dial('hello');
  deaf.pause();
  const bytes = 'x'.repeat(1_000_000);
  for (let sent = 0; sent <= 3 * OUTBOX_BYTES_MAX && !peers[0]!.gone; sent += bytes.length) peers[0]!.send(bytes);
  await until(() => peers[0]!.gone);
  expect(peers[0]!.gone).toBe(true);
}); // prettier-ignore
