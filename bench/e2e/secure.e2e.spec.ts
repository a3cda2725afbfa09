// TLS and WSS at the edge: phones that believe the edge's certificate register and call, and are called; the certificate is
// replaced while they talk.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { connect, type PeerCertificate } from 'node:tls';
import type { TlsPair } from '#libs/runtime';
import { makeCertificate } from '#libs/sip';
import { firstHeader, statusOf } from '#libs/testkit';
import { checkCall, checkMessage, newPhone, newUser, registeredPhone } from '../accept/checks.js';
import { until } from '../harness/children.js';
import type { Phone } from '../harness/phone.js';
import { expectCall, invite } from '../harness/phone-call.js';
import type { Product } from '../harness/product.js';
import type { PhoneTransport } from '../harness/sip-socket.js';
import { startProduct, throwing } from './running.js';

let product: Product;
let folder: string;
let first: TlsPair;
const open: Phone[] = [];

const put = ({ cert, key }: TlsPair): void => {
  writeFileSync(path.join(folder, 'edge.crt'), cert);
  writeFileSync(path.join(folder, 'edge.key'), key);
};
const registered = async (name: string, transport: PhoneTransport): Promise<Phone> => {
  const phone = await registeredPhone(throwing, product, name, transport);
  open.push(phone);
  return phone;
};

beforeAll(async () => {
  folder = mkdtempSync(path.join(tmpdir(), 'clearwater-tls-'));
  first = await makeCertificate(['127.0.0.1'], performance.timeOrigin);
  put(first);
  product = await startProduct({
    env: { TLS_CERT_FILE: path.join(folder, 'edge.crt'), TLS_KEY_FILE: path.join(folder, 'edge.key') },
  });
});
afterEach(() => {
  for (const phone of open.splice(0)) phone.close();
});
afterAll(async () => {
  await product.dispose();
  rmSync(folder, { recursive: true, force: true });
});

const all: readonly PhoneTransport[] = ['udp', 'tcp', 'ws', 'tls', 'wss'];
const pairs = all
  .flatMap((from) => all.map((to) => [from, to] as const))
  .filter((pair) => pair.includes('tls') || pair.includes('wss'));

it.each(pairs)('calls and messages go from %s to %s', async (from, to) => {
  await checkCall(throwing, product, from, to);
  await checkMessage(throwing, product, from, to);
});

it('the way back over TLS is named as TLS, over WSS as WebSocket', async () => {
  const caller = await registered('caller', 'udp');
  for (const [transport, named] of [
    ['tls', `:${product.ports.BONO_TLS_PORT};transport=tls;lr>`],
    ['wss', `:${product.ports.BONO_WSS_PORT};transport=ws;lr>`],
  ] as const) {
    const callee = await registered(`callee-${transport}`, transport);
    const call = invite(caller, callee.user.impu);
    const arrived = await expectCall(callee);
    const text = callee.received.at(-1)!;
    expect(firstHeader(text, 'Via')).toMatch(new RegExp(`^SIP/2\\.0/${transport.toUpperCase()} `));
    expect(firstHeader(text, 'Record-Route')).toContain(named);
    arrived.reject(486, 'Busy Here');
    expect(statusOf(await call.final)).toBe(486);
  }
});

it('a phone whose TLS connection broke is gone: 480, and it comes back on a new one', async () => {
  const caller = await registered('caller', 'tls');
  const callee = await registered('callee', 'tls');
  callee.close();
  expect(statusOf(await invite(caller, callee.user.impu).final)).toBe(480);
  const back = await newPhone(product, callee.user, 'tls');
  open.push(back);
  expect(statusOf(await back.register())).toBe(200);
  const call = invite(caller, callee.user.impu);
  const arrived = await expectCall(back);
  arrived.reject(486, 'Busy Here');
  expect(statusOf(await call.final)).toBe(486);
});

it('sips to a phone without TLS is refused, and never sent in the clear', async () => {
  const caller = await registered('caller', 'tls');
  const user = await newUser(product, 'plain');
  const plain = await newPhone(product, user, 'udp');
  open.push(plain);
  // Says that it is secure, and is not.
  expect(
    statusOf(
      await plain.register({
        contact: `<${plain.contact.replace('sip:', 'sips:').replace(';transport=udp', '')}>`,
      }),
    ),
  ).toBe(200);
  const refused = await invite(caller, user.impu.replace('sip:', 'sips:')).final;
  expect(statusOf(refused)).toBe(480);
  expect(plain.received).toEqual([]);
});

it('sips to a phone with TLS is recorded as sips', async () => {
  const caller = await registered('caller', 'tls');
  const user = await newUser(product, 'secure');
  const phone = await newPhone(product, user, 'tls');
  open.push(phone);
  const contact = phone.contact.replace('sip:', 'sips:').replace(';transport=tls', '');
  expect(statusOf(await phone.register({ contact: `<${contact}>` }))).toBe(200);
  const call = invite(caller, user.impu.replace('sip:', 'sips:'));
  const arrived = await expectCall(phone);
  expect(firstHeader(phone.received.at(-1)!, 'Record-Route')).toMatch(
    new RegExp(`^<sips:[^@]+@127\\.0\\.0\\.1:${product.ports.BONO_TLS_PORT};lr>`),
  );
  arrived.reject(486, 'Busy Here');
  expect(statusOf(await call.final)).toBe(486);
});

it('a new certificate is shown without a restart, and nobody is cut off', async () => {
  const [caller, callee] = [await registered('caller', 'tls'), await registered('callee', 'wss')];
  const second = await makeCertificate(['127.0.0.1'], performance.timeOrigin);
  put(second);
  const shown = (): Promise<PeerCertificate> =>
    new Promise((resolve, reject) => {
      const port = product.ports.BONO_TLS_PORT;
      const socket = connect({ port, host: '127.0.0.1', rejectUnauthorized: false });
      socket.once('error', reject);
      socket.once('secureConnect', () => {
        resolve(socket.getPeerCertificate());
        socket.destroy();
      });
    });
  const before = (await shown()).fingerprint256;
  await until('the new certificate', 15_000, async () =>
    (await shown()).fingerprint256 === before ? undefined : true,
  );
  const call = invite(caller, callee.user.impu);
  (await expectCall(callee)).reject(486, 'Busy Here');
  expect(statusOf(await call.final)).toBe(486);
  const [late] = [await registered('late', 'tls')];
  expect(late.socket.localPort).toBeGreaterThan(0);
});
