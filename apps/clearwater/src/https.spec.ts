// TLS on the HTTP ports, with real handshakes: Homer is asked as Sprout asks it, the certificate is of the name in the URL and of somebody
// who is believed, or nothing is sent; a new one is shown without a restart; nothing is answered in the clear.
import { request as plainly } from 'node:http';
import { connect, type PeerCertificate } from 'node:tls';
import { connectHomer } from '#apps/sprout';
import { startHomer } from '#apps/homer';
import { documentId } from '#libs/domain';
import { createMemoryLog } from '#libs/event-log';
import type { Homestead } from '#libs/homestead-client';
import {
  createApiKeys,
  HeldIdentity,
  type HttpServer,
  silentLogger,
  systemClock,
  systemRandom,
} from '#libs/runtime';
import { makeCertificate } from '#libs/sip';
import { createMemoryTableStore } from '#libs/stores';
import { createFakeClock } from '#libs/testkit';
import { type DocumentRow, DocumentsByUser } from '#projections/documents-by-user';
import { createEllisFixture } from './ellis.fixture.js';

const NAME = 'homer.ims.test';
const KEY = 'a-key-of-these-tests';
const IMPU = 'sip:alice@ims.test';
const AUID = 'simservs.ngn.etsi.org';
const pair = await makeCertificate([NAME], performance.timeOrigin);
const next = await makeCertificate([NAME], performance.timeOrigin);
const identity = new HeldIdentity(pair);

const startHomerOverTls = async () => {
  const log = await createMemoryLog({ clock: createFakeClock(), random: systemRandom });
  const documents = new DocumentsByUser({
    table: createMemoryTableStore<DocumentRow>({ name: 'documents' }),
    readStream: (stream, from) => log.read(stream, from),
  });
  const found = { ok: true, value: { resultCode: 2001 } } as const;
  return startHomer({
    process: { bindAddress: '127.0.0.1', homeDomain: 'ims.test', trustedPeers: [] },
    port: 0,
    usagesFile: '',
    log,
    documents,
    homestead: { location: () => Promise.resolve(found) } as unknown as Homestead,
    apiKeys: createApiKeys([KEY]),
    clock: systemClock,
    random: systemRandom,
    logger: silentLogger,
    httpTls: identity,
  });
};

let homer: HttpServer;
beforeAll(async () => {
  homer = await startHomerOverTls();
  const payload = '<simservs xmlns="http://uri.etsi.org/ngn/params/xml/simservs/xcap"/>';
  const headers = { 'x-api-key': KEY, 'content-type': 'application/vnd.etsi.simservs+xml' };
  const url = `/${AUID}/users/${encodeURIComponent(IMPU)}/simservs.xml`;
  expect((await homer.app.inject({ method: 'PUT', url, headers, payload })).statusCode).toBe(201);
});
afterAll(() => homer.close());

/** As a router asks that finds the name at this machine. */
const asSprout = async (name: string, ca: string | undefined) => {
  const resolve = () => Promise.resolve(['127.0.0.1']);
  const link = connectHomer({ url: `https://${name}:${homer.port}`, clock: systemClock, random: systemRandom, apiKey: KEY, resolve, ca });
  try {
    return await link.documents.xml(documentId({ impu: IMPU, auid: AUID }));
  } finally {
    await link.close();
  }
}; // prettier-ignore

/** Who it is to who connects now. */
const shown = (): Promise<PeerCertificate> =>
  new Promise((resolve, reject) => {
    const socket = connect({ host: '127.0.0.1', port: homer.port, servername: NAME, rejectUnauthorized: false });
    socket.once('secureConnect', () => (resolve(socket.getPeerCertificate()), socket.destroy()));
    socket.once('error', reject);
  }); // prettier-ignore

it('the router reads documents of a Homer whose certificate is of the name and by who is believed', async () => {
  expect(homer.url).toBe(`https://127.0.0.1:${homer.port}`);
  expect(await asSprout(NAME, pair.cert)).toContain('<simservs');
});

it.each([
  ['by nobody who is believed', NAME, undefined],
  ['by somebody else', NAME, next.cert],
  ['of another name', 'other.ims.test', pair.cert],
  ['of no address', '127.0.0.1', pair.cert],
])('a certificate %s is a fault, never "no services"', async (_what, name, ca) => {
  await expect(asSprout(name, ca)).rejects.toMatchObject({ kind: 'unavailable' });
});

it('who connects later is shown the new certificate', async () => {
  const before = await shown();
  identity.replace(next);
  const after = await shown();
  expect(after.fingerprint256).not.toBe(before.fingerprint256);
  expect(await asSprout(NAME, next.cert)).toContain('<simservs');
});

it('says that browsers are to come by https alone, and answers nothing in the clear', async () => {
  const { headers, statusCode } = await homer.app.inject({ url: '/ping' });
  expect([statusCode, headers['strict-transport-security']]).toEqual([200, 'max-age=31536000']);
  const inTheClear = new Promise((resolve, reject) => {
    plainly({ host: '127.0.0.1', port: homer.port, path: '/ping' }, resolve).once('error', reject).end();
  });
  await expect(inTheClear).rejects.toThrow();
});

describe('Ellis', () => {
  it('makes its cookies Secure, and its links https', async () => {
    const ellis = await createEllisFixture({ httpTls: identity });
    expect(ellis.node.settings.url).toMatch(/^https:/);
    const fields = { email: 'a@example.com', password: 'a password', full_name: 'A', signup_code: ellis.node.signupCode };
    expect((await ellis.ask('POST', '/accounts/', { body: fields })).status).toBe(201);
    const signedIn = await ellis.ask('POST', '/session/', { body: { username: fields.email, password: fields.password } });
    expect([signedIn.status, signedIn.cookie, signedIn.header('strict-transport-security')]).toEqual([201, expect.stringContaining('; Secure'), 'max-age=31536000']);
    await ellis.close();
  }); // prettier-ignore

  it('does not start with an address in the clear', async () => {
    const start = createEllisFixture({ httpTls: identity, config: { ellisUrl: 'http://portal.ims.test' } });
    await expect(start).rejects.toThrow(/ELLIS_URL http:.*set it to https:/);
  });
});
