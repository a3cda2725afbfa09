// Attacks that need real sockets, on the running product: broken streams, floods of connections, WebSocket frames that no browser
// sends, and the trusted ports from outside. After each it goes on, and its log holds no secret.
import { createSocket } from 'node:dgram';
import { connect, type Socket } from 'node:net';
import { networkInterfaces } from 'node:os';
import { registeredPhone } from '../accept/checks.js';
import { sleep, until } from '../harness/children.js';
import type { Phone } from '../harness/phone.js';
import { API_KEY, type Product } from '../harness/product.js';
import { CONTINUATION, frame, openWebSocket, type RawWebSocket } from './raw-websocket.js';
import { startProduct, throwing } from './running.js';

const WAIT_MS_MAX = 10_000;
/** How long it is watched that nothing comes. */
const QUIET_MS = 300;
const GROWTH_MIB_MAX = 100;

let product: Product;
const sockets: Socket[] = [];
const phones: Phone[] = [];
beforeAll(async () => {
  product = await startProduct({ env: { LOG_LEVEL: 'debug', BONO_WS_ORIGINS: 'https://phone.test' } });
});
afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy();
  // Whatever was tried: a user registers as ever.
  const phone = await registeredPhone(throwing, product, 'after', 'tcp');
  phones.push(phone);
  expect(product.alive()).toBe(true);
});
afterAll(async () => {
  for (const phone of phones) phone.close();
  await product.dispose();
});

const sip = (method: string, callId: string, headers = '', body = ''): string =>
  `${method} sip:ims.test SIP/2.0\r\nVia: SIP/2.0/TCP 127.0.0.1:9;branch=z9hG4bK${callId};rport\r\nMax-Forwards: 70\r\n` +
  `From: <sip:mallory@ims.test>;tag=1\r\nTo: <sip:mallory@ims.test>\r\nCall-ID: ${callId}\r\nCSeq: 1 ${method}\r\n${headers}` +
  `Content-Length: ${body.length}\r\n\r\n${body}`;

type Wire = { socket: Socket; text: string; closed: boolean };

const dial = async (port = product.ports.BONO_PORT, host = '127.0.0.1'): Promise<Wire> => {
  const socket = connect({ port, host, noDelay: true });
  sockets.push(socket);
  const wire: Wire = { socket, text: '', closed: false };
  socket.on('data', (chunk) => (wire.text += chunk.toString('latin1')));
  socket.on('error', () => (wire.closed = true));
  socket.on('close', () => (wire.closed = true));
  await new Promise<void>((resolve) => socket.once('connect', resolve));
  return wire;
};

const statuses = (text: string): number[] =>
  [...text.matchAll(/SIP\/2\.0 ([2-6]\d\d) /g)].map(([, status]) => Number(status));
const isClosed = (wire: { readonly closed: boolean }): Promise<unknown> =>
  until('the connection to be closed', WAIT_MS_MAX, () => Promise.resolve(wire.closed || undefined));
const answered = (text: () => string): Promise<unknown> =>
  until('an answer', WAIT_MS_MAX, () => Promise.resolve(statuses(text()).length > 0 || undefined));

describe('a TCP stream', () => {
  it.each([
    ['two that differ', 'Content-Length: 400\r\n'],
    ['two that differ, one of them compact', 'l: 400\r\n'],
    ['two that differ, one with a space before the colon', 'Content-Length : 400\r\n'],
    ['a folded one that differs', 'Content-Length:\r\n 400\r\n'],
    ['a negative one', 'Content-Length: -1\r\n'],
    ['one that is no number', 'Content-Length: 0x10\r\n'],
  ])(
    'with conflicting Content-Length (%s) is answered 400 and closed: no second request is cut out of it',
    async (_what, header) => {
      const wire = await dial();
      wire.socket.write(sip('OPTIONS', 'clash', header) + sip('OPTIONS', 'smuggled'));
      await isClosed(wire);
      expect(statuses(wire.text)).toEqual([400]);
      expect(wire.text).not.toContain('smuggled');
    },
  );

  it('with a body that is promised too large is answered 513 and closed', async () => {
    const wire = await dial();
    wire.socket.write(sip('OPTIONS', 'huge').replace('Content-Length: 0', 'Content-Length: 99999999'));
    await isClosed(wire);
    expect(statuses(wire.text)).toEqual([513]);
  });

  it.each([
    ['one header', `X: ${'x'.repeat(2 ** 20)}\r\n`],
    ['many headers', 'X: y\r\n'.repeat(2 ** 20 / 6)],
    ['one folded header', `X: y\r\n${' z\r\n'.repeat(2 ** 18)}`],
  ])('with 1 MiB of header (%s) is closed, and memory does not grow', async (_what, headers) => {
    const before = product.residentMiB();
    for (let n = 0; n < 20; n++) {
      const wire = await dial();
      wire.socket.write(sip('OPTIONS', 'long', headers));
      await isClosed(wire);
      expect(statuses(wire.text)).toEqual([]);
    }
    expect(product.residentMiB() - before).toBeLessThan(GROWTH_MIB_MAX);
  });

  it('that ends after its request still gets the answer', async () => {
    const wire = await dial();
    wire.socket.end(sip('INVITE', 'half'));
    await isClosed(wire);
    expect(statuses(wire.text)).toContain(403);
  });
});

describe('a flood of connections', () => {
  it('that say nothing, half a message, or end at once keeps nobody out', async () => {
    const before = product.residentMiB();
    for (let n = 0; n < 1_500; n++) {
      const wire = await dial();
      if (n % 3 === 1) wire.socket.write(sip('OPTIONS', `n${n}`).slice(0, 100));
      if (n % 3 === 2) wire.socket.end();
    }
    phones.push(await registeredPhone(throwing, product, 'meanwhile', 'tcp'));
    expect(product.residentMiB() - before).toBeLessThan(GROWTH_MIB_MAX);
  });
});

describe('a WebSocket', () => {
  const open = async (headers: Readonly<Record<string, string>> = {}): Promise<RawWebSocket> => {
    const socket = await openWebSocket(product.ports.BONO_WS_PORT, headers);
    sockets.push(socket.socket);
    return socket;
  };
  const shut = (socket: RawWebSocket): Promise<unknown> =>
    until('the WebSocket to be closed', WAIT_MS_MAX, () => Promise.resolve(socket.closed() || undefined));

  it('frame without a mask closes the connection', async () => {
    const socket = await open();
    socket.socket.write(frame(sip('OPTIONS', 'bare'), { masked: false }));
    await shut(socket);
    expect(statuses(socket.bytes())).toEqual([]);
  });

  it.each([
    [{ 'Sec-WebSocket-Protocol': 'msrp' }],
    [{ 'Sec-WebSocket-Protocol': '' }],
    [{ 'Sec-WebSocket-Protocol': 'sip2, xsip' }],
  ])('of another subprotocol (%j) is refused', async (headers) => {
    expect([0, 400]).toContain((await open(headers)).status);
  });

  it('of an Origin that is not allowed is refused, of one that is, or of none, is not', async () => {
    for (const origin of ['https://evil.test', 'null', 'https://phone.test.evil.test'])
      expect([origin, (await open({ Origin: origin })).status]).toEqual([origin, 403]);
    expect((await open({ Origin: 'https://phone.test' })).status).toBe(101);
    expect((await open()).status).toBe(101);
  });

  it('message in fragments is one message, and is answered once', async () => {
    const socket = await open();
    const text = sip('INVITE', 'pieces');
    for (let at = 0; at < text.length; at += 50)
      socket.socket.write(
        frame(text.slice(at, at + 50), { opcode: at === 0 ? 1 : CONTINUATION, fin: at + 50 >= text.length }),
      );
    await answered(socket.bytes);
    expect(statuses(socket.bytes())).toEqual([403]);
  });

  it('message in fragments without an end is cut off at the bound', async () => {
    const socket = await open();
    for (let n = 0; n < 200 && !socket.closed(); n++)
      socket.socket.write(frame('x'.repeat(1_000), { opcode: n === 0 ? 1 : CONTINUATION, fin: false }));
    await shut(socket);
    expect(statuses(socket.bytes())).toEqual([]);
  });

  it('frame with two messages is one: the second is not heard', async () => {
    const socket = await open();
    socket.socket.write(frame(sip('MESSAGE', 'first') + sip('MESSAGE', 'second')));
    await answered(socket.bytes);
    await sleep(QUIET_MS);
    expect(statuses(socket.bytes())).toHaveLength(1);
    expect(socket.bytes()).not.toContain('second');
  });

  it.each([2n ** 31n, 2n ** 40n, 2n ** 63n - 1n, 2n ** 64n - 1n, 70_000n])(
    'frame that claims %d bytes in a 64-bit length closes the connection at once',
    async (claimed) => {
      const socket = await open();
      socket.socket.write(frame('x', { claimed }));
      await shut(socket);
    },
  );
});

/** An address of this machine that is not its loopback. */
const outside = Object.values(networkInterfaces())
  .flatMap((addresses) => addresses ?? [])
  .find(({ family, internal }) => family === 'IPv4' && !internal)?.address;

describe('the trusted ports', () => {
  let open: Product;
  beforeAll(async () => {
    open = await startProduct({ env: { BIND_ADDRESS: '0.0.0.0', TRUSTED_PEERS: '198.51.100.1', DEMO: '0' } });
  });
  afterAll(() => open.dispose());
  const from = outside ?? '127.0.0.1';
  const PORTS = ['BONO_TRUSTED_PORT', 'ICSCF_PORT', 'SCSCF_PORT'] as const;

  it('are tried from an address that is not trusted', () => expect(outside).toBeDefined());

  it.each(PORTS)('%s hears nothing from outside over TCP', async (name) => {
    const wire = await dial(open.ports[name], from);
    wire.socket.write(sip('OPTIONS', 'straight'));
    await isClosed(wire);
    expect(wire.text).toBe('');
  });

  it.each(PORTS)('%s hears nothing from outside over UDP', async (name) => {
    const socket = createSocket('udp4');
    let heard = '';
    socket.on('message', (datagram) => (heard += datagram.toString('latin1')));
    await new Promise<void>((resolve) => socket.bind(0, from, resolve));
    for (const method of ['OPTIONS', 'INVITE', 'REGISTER'])
      socket.send(sip(method, `u${method}`).replace('/TCP', '/UDP'), open.ports[name], from);
    await sleep(QUIET_MS);
    socket.close();
    expect(heard).toBe('');
  });

  it.each(['HOMESTEAD_PORT', 'HOMESTEAD_PROV_PORT', 'SPROUT_HTTP_PORT', 'MANAGEMENT_PORT'] as const)(
    '%s says nothing to outside, even with a good key',
    async (name) => {
      const status = await fetch(`http://${from}:${open.ports[name]}/private/x`, {
        headers: { 'X-API-Key': API_KEY },
      }).then(
        (answer) => answer.status,
        () => 'closed',
      );
      expect([403, 'closed']).toContain(status);
    },
  );
});

it('leaves a line in the log for what was refused, and no secret', async () => {
  const wire = await dial();
  const secrets = ['sesame-response', 'sesame-nonce', 'sesame-cnonce', 'sesame-password'];
  const authorization = `Authorization: Digest username="x", realm="ims.test", nonce="${secrets[1]}", response="${secrets[0]}", cnonce="${secrets[2]}"\r\n`;
  wire.socket.write(sip('REGISTER', 'credentials', `${authorization}X-Password: ${secrets[3]}\r\n`));
  await answered(() => wire.text);
  wire.socket.write(sip('REGISTER', 'credentials2', `${authorization}Content-Length: 7\r\n`));
  await isClosed(wire);
  const log = product.output();
  for (const reason of [
    'content-length-bad',
    'head-too-large',
    'WS_ERR_EXPECTED_MASK',
    'SIP connection refused',
  ])
    expect(log).toContain(reason);
  for (const secret of [...secrets, API_KEY]) expect(log).not.toContain(secret);
});
