// The application servers that come with the product, as processes of their own beside the built product: the call list notes calls and
// tells each user of its own, whatever dies; twinning rings two devices and lets the caller choose.
import { type ChildProcess, spawn } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import type { Phone } from '#libs/phone';
import { getAs, metricOf, sendCallsTo, until } from './application-calls.js';
import { statusOf } from './phone-calls.js';
import { freePort, RunningProduct, sleep } from './running-product.js';

const KEY = 'a-key-of-this-test-alone';
const SECRET = 'a-secret-of-this-test';
const DIST = path.resolve(import.meta.dirname, '../../../dist/apps');

let product: RunningProduct;
let alice: Phone;
let bob: Phone;
let port: number;
const programs: ChildProcess[] = [];

const attached = (): Promise<number> => metricOf(product, 'drachtio_applications').catch(() => -1);

const start = async (app: string, env: Readonly<Record<string, string>> = {}): Promise<ChildProcess> => {
  const before = await attached();
  const { DRACHTIO_PORT, HOMESTEAD_PORT } = product.ports;
  const ports = { DRACHTIO_PORT: String(DRACHTIO_PORT), HOMESTEAD_URL: `http://127.0.0.1:${HOMESTEAD_PORT}` };
  const all = { ...product.env, ...ports, MANAGEMENT_PORT: '0', ...env };
  const main = path.join(DIST, app, 'src/main.js');
  const program = spawn(process.execPath, [main], { env: all, stdio: ['ignore', 'ignore', 'inherit'] });
  programs.push(program);
  await until(`${app} attaches`, async () => (await attached()) > before);
  return program;
};
const end = async (program: ChildProcess): Promise<void> => {
  const before = await attached();
  program.kill('SIGKILL');
  await until('it is gone', async () => (await attached()) < before);
};

const folder = (): string => path.join(product.dataDir, 'call-list');
const startCallList = (): Promise<ChildProcess> =>
  start('call-list', { DATA_DIR: folder(), CALL_LIST_PORT: String(port) });
const urlOf = (impu: string): string =>
  `http://127.0.0.1:${port}/users/${encodeURIComponent(impu)}/call-list`;

type Told = Readonly<{ direction: string; party?: string; outcome: string }>;
const listOf = async (impu: string): Promise<unknown> => {
  const answer = await fetch(urlOf(impu), { headers: { 'x-api-key': KEY } }).catch(() => undefined);
  if (answer?.status !== 200) return answer?.status;
  const { calls } = (await answer.json()) as { calls: readonly Told[] };
  return calls.map(({ direction, party, outcome }) => `${direction} ${party ?? '-'} ${outcome}`);
};
const untilListed = (impu: string, newest: readonly string[]): Promise<void> =>
  until(`${impu} has ${newest.join(', ')}`, async () => {
    const told = await listOf(impu);
    return Array.isArray(told) && newest.every((line, at) => told[at] === line);
  });

const picksUp = (phone: Phone): void => {
  phone.onRequest = (request, reply) => {
    if (request.method === 'INVITE') reply(180);
    if (request.method !== 'ACK') reply(200);
  };
};
const rings = (phone: Phone): void => {
  phone.onRequest = (request, reply) => {
    if (request.method === 'INVITE') reply(180);
    else if (request.method !== 'ACK') reply(200);
  };
};

beforeAll(async () => {
  product = await RunningProduct.start({ API_KEYS: KEY, DRACHTIO_SECRET: SECRET });
  port = await freePort();
  alice = await product.phone('alice');
  bob = await product.phone('bob');
  for (const phone of [alice, bob]) expect(statusOf(await phone.register())).toBe(200);
});
afterAll(async () => {
  for (const program of programs) program.kill('SIGKILL');
  await product.close();
});

describe('the call list', () => {
  let program: ChildProcess;
  beforeAll(async () => {
    program = await startCallList();
    await sendCallsTo(product, KEY, bob.aor, { tag: 'call-list' });
    await sendCallsTo(product, KEY, alice.aor, { tag: 'call-list', sessionCase: 0 });
  });

  it('tells both sides what became of a call', async () => {
    picksUp(bob);
    expect(statusOf((await alice.call(bob.aor)).answer)).toBe(200);
    await untilListed(bob.aor, [`incoming ${alice.aor} answered`]);
    await untilListed(alice.aor, [`outgoing ${bob.aor} answered`]);
    bob.onRequest = (request, reply) => void (request.method !== 'ACK' && reply(486));
    expect(statusOf((await alice.call(bob.aor)).answer)).toBe(486);
    await untilListed(bob.aor, [`incoming ${alice.aor} missed`, `incoming ${alice.aor} answered`]);
    await untilListed(alice.aor, [`outgoing ${bob.aor} failed`]);
  });

  it('tells of a call that the caller gave up, as it rings and after', async () => {
    rings(bob);
    const invite = alice.request('INVITE', bob.aor);
    await until('it rings', () => invite.responses.some(({ status }) => status === 180));
    await untilListed(bob.aor, [`incoming ${alice.aor} ringing`]);
    invite.cancel();
    expect(statusOf(await invite.final)).toBe(487);
    await untilListed(bob.aor, [`incoming ${alice.aor} missed`]);
  });

  it('does not name a caller who wants to be private, to nobody', async () => {
    picksUp(bob);
    const answered = await alice.call(bob.aor, { headers: 'Privacy: id\r\n' });
    expect(statusOf(answered.answer)).toBe(200);
    await untilListed(bob.aor, ['incoming - answered']);
  });

  it('tells users of their own calls alone', async () => {
    const [alices, bobs] = [product.demo('alice'), product.demo('bob')];
    const status = async (impu: string, who: typeof bobs): Promise<number> =>
      (await getAs(urlOf(impu), who)).status;
    expect(await status(bob.aor, bobs)).toBe(200);
    expect(await status(alice.aor, alices)).toBe(200);
    expect(await status(bob.aor, alices)).toBe(403);
    expect(await status(bob.aor, { ...bobs, password: 'not-it' })).toBe(403);
    expect(await status('sip:nobody@ims.test', bobs)).toBe(403);
    const asked = await fetch(urlOf(bob.aor));
    expect([asked.status, asked.headers.get('www-authenticate')]).toEqual([401, expect.stringContaining('Digest realm="ims.test"')]); // prettier-ignore
    const wrongKey = await fetch(urlOf(bob.aor), { headers: { 'x-api-key': 'another-key-of-nobody' } });
    expect(wrongKey.status).toBe(403);
    expect((await fetch(urlOf('no identity'))).status).toBe(400);
    expect((await fetch(urlOf(bob.aor), { method: 'DELETE' })).status).toBe(405);
  });

  it('keeps no secret', async () => {
    expect(statusOf((await alice.call('sip:bob:hidden1@ims.test;token=hidden2')).answer)).toBe(200);
    await untilListed(alice.aor, [`outgoing ${bob.aor} answered`]);
    await sleep(200);
    const files = readdirSync(folder(), { recursive: true, withFileTypes: true }).filter((one) => one.isFile());
    const text = files.map(({ parentPath, name }) => readFileSync(path.join(parentPath, name), 'latin1')).join(''); // prettier-ignore
    expect(text).toContain('CallBegun');
    for (const secret of ['hidden', SECRET, KEY, product.demo('bob').password, 'Authorization'])
      expect(text).not.toContain(secret);
  }); // prettier-ignore

  it('hangs: calls go on without it, and are listed again when it goes on', async () => {
    picksUp(bob);
    program.kill('SIGSTOP');
    const call = alice.request('INVITE', bob.aor);
    expect(statusOf(await call.final)).toBe(200);
    expect(bob.received.filter(({ method }) => method === 'INVITE').length).toBeGreaterThan(0);
    program.kill('SIGCONT');
    expect(statusOf((await alice.call(bob.aor, { headers: 'Privacy: id\r\n' })).answer)).toBe(200);
    await untilListed(bob.aor, ['incoming - answered']);
  });

  it('dies while a call rings: the call goes on, and what was noted is there again', async () => {
    rings(bob);
    let invited = (_status: number): void => undefined;
    bob.onRequest = (request, reply) => {
      if (request.method === 'INVITE') {
        reply(180);
        invited = reply;
      } else if (request.method !== 'ACK') reply(200);
    };
    const invite = alice.request('INVITE', bob.aor);
    await untilListed(bob.aor, [`incoming ${alice.aor} ringing`]);
    await end(program);
    invited(200);
    expect(statusOf(await invite.final)).toBe(200);
    // Default handling: nobody notes it.
    picksUp(bob);
    expect(statusOf((await alice.call(bob.aor)).answer)).toBe(200);
    program = await startCallList();
    await untilListed(bob.aor, [`incoming ${alice.aor} ringing`, 'incoming - answered']);
  });

  it('attaches again when the core has been started anew', async () => {
    await product.end('SIGKILL');
    await product.launch();
    await until('it attaches', async () => (await attached()) === 1);
    for (const phone of [alice, bob]) expect(statusOf(await phone.register())).toBe(200);
    picksUp(bob);
    expect(statusOf((await alice.call(bob.aor)).answer)).toBe(200);
    await untilListed(bob.aor, [`incoming ${alice.aor} answered`, `incoming ${alice.aor} ringing`]);
    await end(program);
  });
});

describe('twinning', () => {
  beforeAll(async () => {
    // Alice's phone plays bob's second device: it rings itself, so to say.
    await start('twinning', { TWINS: `${bob.aor}=${alice.aor}`, TWIN_RING_S: '1' });
    await sendCallsTo(product, KEY, bob.aor, { tag: 'twinning' });
  });
  beforeEach(() => {
    alice.received.length = 0;
    bob.received.length = 0;
  });
  const methods = (phone: Phone): string[] => phone.received.map(({ method }) => method);
  const calls = async (headers: string): Promise<unknown> =>
    statusOf((await alice.call(bob.aor, { headers })).answer);

  it('rings both devices of a number, and the first to answer has the call', async () => {
    rings(bob);
    picksUp(alice);
    expect(await calls('')).toBe(200);
    await until('the other is told', () => methods(bob).includes('CANCEL'));
  });

  it('rings the one that the caller wants', async () => {
    picksUp(alice);
    expect(await calls('Accept-Contact: *;mobility="mobile";require\r\n')).toBe(200);
    // Of the call before, a CANCEL may still be on its way.
    expect(methods(bob)).not.toContain('INVITE');
    picksUp(bob);
    expect(await calls('Reject-Contact: *;mobility="mobile"\r\n')).toBe(200);
    expect(methods(bob)).toContain('INVITE');
    expect(await calls('Accept-Contact: *;mobility="mobile";require\r\nReject-Contact: *;mobility="mobile"\r\n')).toBe(480); // prettier-ignore
  });

  it('rings the one that the caller prefers first, and the other when it does not answer', async () => {
    rings(alice);
    picksUp(bob);
    const startedMs = performance.now();
    expect(await calls('Accept-Contact: *;mobility="mobile"\r\n')).toBe(200);
    expect(performance.now() - startedMs).toBeGreaterThan(900);
    await until('the first is told', () => methods(alice).includes('CANCEL'));
  });

  it('takes whatever a caller writes', async () => {
    picksUp(bob);
    picksUp(alice);
    expect(await calls('Accept-Contact: ;;;="",,*;mobility=\r\nRequest-Disposition: ,,no-fork;=\r\n')).toBe(
      200,
    );
  });

  it('dies: calls go on to the number alone', async () => {
    await end(programs.at(-1)!);
    picksUp(bob);
    rings(alice);
    expect(await calls('')).toBe(200);
    expect(methods(alice)).not.toContain('INVITE');
  });

  it('does not start with what is no pair', async () => {
    const main = path.join(DIST, 'twinning/src/main.js');
    const env = { ...product.env, TWINS: 'sip:bob@ims.test', MANAGEMENT_PORT: '0' };
    const program = spawn(process.execPath, [main], { env, stdio: ['ignore', 'ignore', 'pipe'] });
    let said = '';
    program.stderr.on('data', (text: Buffer) => (said += text.toString()));
    expect(await new Promise((resolve) => program.on('exit', resolve))).toBe(78);
    expect(said).toMatch(/^TWINS .*takes pairs.*sip:bob@ims.test is no pair.*\n$/);
  });
});
