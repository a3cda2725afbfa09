// Our HSS asked by a Cx client of another make (python-diameter): UAR, MAR with digest and AKA, SAR, LIR, and what it refuses.
import { appendFileSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { APPLICATIONS, createDiameterNode, createTcpTransport, type DiameterNode } from '#libs/diameter';
import { systemClock, systemRandom } from '#libs/runtime';
import { type RealEngine, startRealEngine } from '#libs/testkit';
import { createSubscribers } from './assignments.js';
import { createHss } from './hss.js';
import { readSubscribers } from './subscriber-file.js';

const START_MS = 300_000;
const FILE = [
  { impi: 'alice@ims.test', impus: ['sip:alice@ims.test'], password: 'secret', chargingFunctions: { primary: 'aaa://cdf.ims.test' } },
  { impi: 'bob@ims.test', impus: ['sip:bob@ims.test'], aka: { k: '00'.repeat(16), opc: '11'.repeat(16) } },
]; // prettier-ignore

type Told = Readonly<{ event: string; result: number | string; avps: readonly Shown[] }>;
type Shown = readonly [code: number, vendorId: number, value: unknown];

const within = (avps: readonly Shown[], ...codes: readonly number[]): unknown =>
  codes.reduce<unknown>(
    (value, code) => (value as readonly Shown[] | undefined)?.find(([each]) => each === code)?.[2],
    avps,
  );

describe('our HSS, asked by python-diameter', () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'hss-'));
  let engine: RealEngine | undefined;
  let node: DiameterNode | undefined;
  beforeAll(async () => {
    process.env['TEST_PYDIAMETER_DIR'] = folder;
    engine = await startRealEngine('pydiameter');
    const port = Number(engine.endpoints[0]?.split(':').at(-1));
    const read = readSubscribers(JSON.stringify(FILE), 'ims.test');
    if (!read.ok) throw new Error(read.reason);
    const address = { host: '127.0.0.1', port };
    // It calls itself hss, and lets in a client of this name; who serves whom is settled by who asks.
    const peers = [{ host: 'hss.ims.test', address }];
    node = createDiameterNode({ host: 'client.ims.test', realm: 'ims.test', applications: [APPLICATIONS.cx], peers, transport: createTcpTransport(), clock: systemClock, random: systemRandom });
    createHss({ node, subscribers: createSubscribers(read.subscribers), random: systemRandom });
    node.start();
    expect(await node.whenUp(10_000)).toBe(true);
  }, START_MS); // prettier-ignore
  afterAll(async () => {
    await node?.stop();
    await engine?.stop();
    rmSync(folder, { recursive: true, force: true });
  }, START_MS);

  const file = path.join(folder, 'peer.jsonl');
  const lines = (): Told[] => readFileSync(file, 'utf8').split('\n').filter((text) => text.endsWith('}')).map((text) => JSON.parse(text) as Told); // prettier-ignore
  const ask = async (command: string): Promise<Told> => {
    const event = `${command.slice(0, 3)}-answer`;
    const before = lines().filter((one) => one.event === event).length;
    appendFileSync(path.join(folder, 'cmd'), `${command}\n`);
    for (let tries = 0; tries < 100; tries++) {
      const found = lines().filter((one) => one.event === event)[before];
      if (found) return found;
      await new Promise<void>((resolve) => void systemClock.after(50, resolve));
    }
    throw new Error(`${command}: no answer; ${readFileSync(file, 'utf8').slice(-500)}`);
  };

  it('a registration with digest, and where the user is then', async () => {
    expect(await ask('lir sip:alice@ims.test')).toMatchObject({ result: '10415/5003' });
    expect(await ask('uar alice@ims.test sip:alice@ims.test')).toMatchObject({ result: '10415/2001' });
    const mar = await ask('mar alice@ims.test sip:alice@ims.test SIP_Digest');
    expect(mar.result).toBe(2001);
    expect(within(mar.avps, 612, 635, 121)).toMatch(/^[0-9a-f]{32}$/);
    const sar = await ask('sar alice@ims.test sip:alice@ims.test 1');
    expect([sar.result, within(sar.avps, 606)]).toEqual([2001, expect.stringContaining('<IMSSubscription>')]);
    expect(within(sar.avps, 618, 621)).toBe('aaa://cdf.ims.test');
    const lir = await ask('lir sip:alice@ims.test');
    expect([lir.result, within(lir.avps, 602)]).toEqual([2001, 'sip:scscf.ims.test:5054']);
  });

  it('an AKA vector: 32 bytes of challenge, eight of answer, two keys of sixteen', async () => {
    const { result, avps } = await ask('mar bob@ims.test sip:bob@ims.test Digest-AKAv1-MD5');
    const item = within(avps, 612) as readonly Shown[];
    expect(result).toBe(2001);
    expect([609, 610, 625, 626].map((code) => (within(item, code) as string).length)).toEqual([
      32, 8, 16, 16,
    ]);
  });

  it('what it refuses: nobody, another user’s identity, a scheme that the user has not', async () => {
    expect((await ask('uar x@ims.test sip:x@ims.test')).result).toBe('10415/5001');
    expect((await ask('uar alice@ims.test sip:bob@ims.test')).result).toBe('10415/5002');
    expect((await ask('mar alice@ims.test sip:alice@ims.test Digest-AKAv1-MD5')).result).toBe('10415/5006');
    expect((await ask('ppr alice@ims.test')).result).toBe(3001);
  });
});
