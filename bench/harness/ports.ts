// Free ports for a product of its own: several benches and a developer's instance live on one machine.
// A port is taken when it is free for UDP and for TCP.
import { createSocket } from 'node:dgram';
import { createServer } from 'node:net';

const PORT_MIN = 20_000;
const PORT_MAX = 32_000; // below the range of ephemeral ports
const ATTEMPTS_MAX = 200;

const given = new Set<number>();

const freeTcp = (port: number, host: string): Promise<boolean> =>
  new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen(port, host, () => server.close(() => resolve(true)));
  });

const freeUdp = (port: number, host: string): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = createSocket('udp4');
    socket.once('error', () => resolve(false));
    socket.bind(port, host, () => socket.close(() => resolve(true)));
  });

export const freePort = async (host = '127.0.0.1'): Promise<number> => {
  for (let attempt = 0; attempt < ATTEMPTS_MAX; attempt += 1) {
    const port = PORT_MIN + Math.floor(Math.random() * (PORT_MAX - PORT_MIN));
    if (given.has(port)) continue;
    if ((await freeTcp(port, host)) && (await freeUdp(port, host))) {
      given.add(port);
      return port;
    }
  }
  throw new Error(`no free port between ${PORT_MIN} and ${PORT_MAX}`);
};
