// A trunk that is known by its certificate, on real sockets: who shows it calls without a registration, who does not is a client like any other.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type AddressInfo, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { connect, type ConnectionOptions } from 'node:tls';
import {
  HeldIdentity,
  createMetrics,
  createPeerCheck,
  silentLogger,
  systemClock as clock,
  systemRandom as random,
} from '#libs/runtime';
import { driveTimers, makeCertificate, StreamFramer, TimerWheel } from '#libs/sip';
import { BonoConfig } from '../bono.config.js';
import { startBono } from '../bono-node.js';

const SBC = 'sbc.partner.test';
const closers: (() => Promise<unknown> | void)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

const framed = (socket: Socket, message: (text: string) => void): void => {
  const framer = new StreamFramer({ message, ping: () => undefined, failed: () => undefined });
  socket.on('error', () => undefined);
  socket.on('data', (chunk: Buffer) => framer.push(chunk.toString('latin1')));
};

/** A router that refuses every call, and keeps what it was asked. */
const router = async () => {
  const asked: string[] = [];
  const sockets: Socket[] = [];
  const server = createServer((socket) => {
    sockets.push(socket);
    framed(socket, (request) => {
      if (!request.startsWith('INVITE')) return;
      asked.push(request);
      const lines = request.split('\r\n').filter((line) => /^(Via|From|To|Call-ID|CSeq):/.test(line));
      socket.write(['SIP/2.0 486 Busy Here', ...lines, 'Content-Length: 0', '', ''].join('\r\n'));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  closers.push(() => {
    for (const socket of sockets) socket.destroy();
    return new Promise((resolve) => server.close(resolve));
  });
  return { asked, port: (server.address() as AddressInfo).port };
};

const start = async (icscfPort: number, ca: string): Promise<number> => {
  const folder = mkdtempSync(path.join(tmpdir(), 'trunks-'));
  closers.push(() => rmSync(folder, { recursive: true, force: true }));
  const trunksFile = path.join(folder, 'trunks.json');
  writeFileSync(
    trunksFile,
    JSON.stringify({ trunks: [{ name: 'partner', certificates: [SBC], identity: 'trusted' }] }),
  );
  const timers = new TimerWheel(clock);
  closers.push(driveTimers(timers));
  const edge = await makeCertificate(['127.0.0.1'], clock.nowMs());
  const ports = { bonoPort: 0, bonoWsPort: 0, bonoTlsPort: 0, bonoWssPort: 0, bonoTrustedPort: 0 };
  const node = await startBono({
    process: { homeDomain: 'ims.test', bindAddress: '127.0.0.1', publicHost: '' },
    config: Object.assign(new BonoConfig(), { ...ports, icscfPort, trunksFile }),
    clock,
    random,
    logger: silentLogger,
    metrics: createMetrics(),
    timers,
    peers: createPeerCheck([]),
    flowTokenKey: random.bytes(32),
    tls: { identity: new HeldIdentity(edge), ca: [ca], asksClients: true },
  });
  closers.push(() => node.close());
  return node.addresses.find(({ transport }) => transport === 'tls')!.port;
};

/** The status of an INVITE over a connection of its own. */
const call = async (port: number, shown: ConnectionOptions): Promise<number> => {
  const socket = connect({ port, host: '127.0.0.1', rejectUnauthorized: false, ...shown });
  closers.push(() => void socket.destroy());
  const answer = new Promise<number>((resolve) => {
    framed(socket, (text) => {
      const status = Number(text.slice(8, 11));
      if (status >= 200) resolve(status);
    });
  });
  await new Promise<void>((resolve, reject) => socket.once('secureConnect', resolve).once('error', reject));
  const id = random.token(8);
  socket.write(
    `INVITE sip:bob@ims.test SIP/2.0\r\nVia: SIP/2.0/TLS ${SBC};branch=z9hG4bK${id};rport\r\nMax-Forwards: 70\r\n` +
      `From: <sip:carol@partner.test>;tag=1\r\nTo: <sip:bob@ims.test>\r\nCall-ID: ${id}\r\nCSeq: 1 INVITE\r\n` +
      `P-Asserted-Identity: <sip:carol@partner.test>\r\nContact: <sip:${SBC};transport=tls>\r\nContent-Length: 0\r\n\r\n`,
  );
  return answer;
};

it('is let in with the certificate of its name, and nobody else is', async () => {
  const own = await makeCertificate([SBC], clock.nowMs());
  const impostor = await makeCertificate([SBC], clock.nowMs());
  const { asked, port: icscfPort } = await router();
  const port = await start(icscfPort, own.cert);
  expect(await call(port, { cert: own.cert, key: own.key })).toBe(486);
  expect(asked).toHaveLength(1);
  expect(asked[0]).toContain('P-Asserted-Identity: <sip:carol@partner.test>\r\n');
  expect(asked[0]).toContain(';transport=tls;lr;trunk=partner>');
  expect(await call(port, { cert: impostor.cert, key: impostor.key })).toBe(403);
  expect(await call(port, {})).toBe(403);
  expect(asked).toHaveLength(1);
});
