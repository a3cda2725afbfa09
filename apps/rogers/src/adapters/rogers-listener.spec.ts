// Clients of a Rogers that leaves: each is let go once it has its answers, and its connection is closed when it goes; after that it is taken again.
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { listenForClients, type RogersListener } from './rogers-listener.js';

let listener: RogersListener;
let refused = 0;
beforeAll(async () => {
  listener = await listenForClients({
    host: '127.0.0.1',
    port: 0,
    connectionsMax: 10,
    peers: () => true,
    session: { router: {} as never, version: '1.6', stats: () => [] },
    onRefused: () => (refused += 1),
  });
});
afterAll(() => listener.close());

const client = async (): Promise<Socket> => {
  const socket = connect({ host: '127.0.0.1', port: listener.port });
  await once(socket, 'connect');
  return socket;
};
const answer = async (socket: Socket): Promise<string> => {
  socket.write('version\r\n');
  const [bytes] = (await once(socket, 'data')) as [Buffer];
  return bytes.toString();
};

it('lets its clients go, refuses those that come, and takes them again', async () => {
  const socket = await client();
  expect(await answer(socket)).toBe('VERSION 1.6\r\n');
  const closed = once(socket, 'close');
  socket.resume();
  listener.leave();
  // On its way as it is let go: it is not answered, and must not keep the connection.
  socket.write('version\r\n');
  await closed;
  while (listener.connections > 0) await new Promise((resolve) => void setImmediate(resolve));
  const late = connect({ host: '127.0.0.1', port: listener.port });
  late.resume();
  await once(late, 'close');
  expect(refused).toBe(1);
  listener.comeBack();
  const back = await client();
  expect(await answer(back)).toBe('VERSION 1.6\r\n');
  back.destroy();
});
