// Nodes over real sockets: TCP and TLS, pieces, a peer that goes, a port that nobody listens on.
import net from 'node:net';
import { systemClock, systemRandom } from '#libs/runtime';
import { generate } from 'selfsigned';
import { APPLICATIONS } from '../dictionary/dictionary.js';
import { createDiameterNode, type DiameterNode, type NodeOptions } from '../node/node.js';
import { CER, written } from '../testing/samples.fixture.js';
import { createTcpTransport, type TlsIdentity } from './tcp.js';

const nodes: DiameterNode[] = [];
afterEach(async () => {
  await Promise.all(nodes.splice(0).map((one) => one.stop()));
});

const node = (host: string, more: Partial<NodeOptions> = {}, identity: TlsIdentity = {}): DiameterNode => {
  const made = createDiameterNode({
    host: `${host}.ims.test`,
    realm: 'ims.test',
    applications: [APPLICATIONS.cx],
    transport: createTcpTransport(identity),
    clock: systemClock,
    random: systemRandom,
    welcome: () => true,
    ...more,
  });
  nodes.push(made);
  return made;
};
const at = { host: '127.0.0.1', port: 0 };
const LIR = { 'Public-Identity': 'sip:alice@ims.test' };

const pair = async (isTls: boolean, identity: TlsIdentity = {}) => {
  const hss = node('hss', {}, identity);
  hss.handle('LIR', (request) => ({
    'Result-Code': 2001,
    'Server-Name': request.avps.get('Public-Identity'),
  }));
  const { port } = await hss.listen({ ...at, tls: isTls });
  const address = { host: '127.0.0.1', port, tls: isTls };
  const client = node('client', { peers: [{ host: 'hss.ims.test', address }] }, identity);
  client.start();
  expect(await client.whenUp(4_000)).toBe(true);
  return { hss, client, port };
};

describe('TCP', () => {
  it('carries requests and answers, a thousand at once', async () => {
    const { client } = await pair(false);
    const asked = await Promise.all(Array.from({ length: 1_000 }, () => client.request('LIR', LIR)));
    expect(asked.every((one) => one.kind === 'answered' && one.result?.code === 2001)).toBe(true);
  });

  it('tells of a peer that goes', async () => {
    const { hss, client } = await pair(false);
    await hss.stop();
    expect(await client.request('LIR', LIR)).toMatchObject({ kind: 'not-sent', reason: 'no-peer' });
  });

  it('takes a CER in pieces', async () => {
    const hss = node('hss', { applications: [APPLICATIONS.accounting] });
    const { port } = await hss.listen(at);
    const socket = net.connect(port, '127.0.0.1');
    const answer = new Promise<Buffer>((resolve) => socket.once('data', resolve));
    for (const byte of written('CER', CER)) socket.write(Buffer.from([byte]));
    expect((await answer).readUInt32BE(4)).toBe(257);
    socket.destroy();
  });

  it('answers what cannot be framed, and closes', async () => {
    const { port } = await node('hss').listen(at);
    const socket = net.connect(port, '127.0.0.1');
    const pieces: Buffer[] = [];
    socket.on('data', (bytes) => void pieces.push(bytes));
    const bad = written('CER', CER);
    bad.writeUInt8(9, 0);
    socket.write(bad);
    await new Promise((resolve) => socket.once('close', resolve));
    expect(Buffer.concat(pieces).includes(Buffer.from([0x13, 0x93]))).toBe(true);
  });

  it('is refused where nobody listens', async () => {
    const told: string[] = [];
    const free = net.createServer();
    await new Promise<void>((resolve) => free.listen(0, '127.0.0.1', resolve));
    const { port } = free.address() as net.AddressInfo;
    await new Promise((resolve) => free.close(resolve));
    const one = node('client', { peers: [{ host: 'hss.ims.test', address: { host: '127.0.0.1', port } }], told: (what) => void told.push(what) });
    one.start();
    expect(await one.whenUp(300)).toBe(false);
    expect(told.join()).toContain('ECONNREFUSED');
  });
}); // prettier-ignore

describe('TLS', () => {
  it('with a key that is none is a peer that is down, not the end of the process', async () => {
    const told: string[] = [];
    const address = { host: '127.0.0.1', port: 1, tls: true };
    const one = node('client', { peers: [{ host: 'hss.ims.test', address }], told: (what) => void told.push(what) }, { key: 'none', cert: 'none' });
    expect(() => one.start()).not.toThrow();
    expect(await one.whenUp(100)).toBe(false);
    expect(told.join()).toMatch(/PEM|DECODER|no start line/i);
  }); // prettier-ignore

  it('carries the same, both ends known to each other; others are not let in', async () => {
    const names = [{ name: 'commonName', value: 'ims.test' }];
    const extensions = [{ name: 'subjectAltName', altNames: [{ type: 7, ip: '127.0.0.1' }] }];
    const made = await generate(names, { keySize: 2048, extensions } as Parameters<typeof generate>[1]);
    const identity = { key: made.private, cert: made.cert, ca: made.cert };
    const { client, port } = await pair(true, identity);
    expect(await client.request('LIR', LIR)).toMatchObject({ kind: 'answered' });
    const address = { host: '127.0.0.1', port, tls: true };
    const stranger = node('stranger', { peers: [{ host: 'hss.ims.test', address }] }, { ca: made.cert });
    stranger.start();
    expect(await stranger.whenUp(500)).toBe(false);
  });
});
