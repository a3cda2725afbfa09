// The HSS behind real nodes on a simulated network: each answer of TS 29.228 §6.1 and §6.3 that it can give, and what it pushes.
import { autsOf, sqnOf, vectorOf } from '#libs/aka';
import { APPLICATIONS, type Body, createDiameterNode, createMemoryNetwork, type Handler, type Outcome, type RequestShort } from '#libs/diameter'; // prettier-ignore
import { createFakeClock, createSeededRandom } from '#libs/testkit';
import { createSubscribers } from './assignments.js';
import { runCommand, USAGE } from './commands.js';
import { createHss, REASON } from './hss.js';
import { readSubscribers } from './subscriber-file.js';

const K = '465b5ce8b199b49faa5f0a2ee238a6bc';
const OPC = 'cd63cb71954a9f4e48a5994e37a02baf';
const CRITERIA = '<InitialFilterCriteria><Priority>0</Priority></InitialFilterCriteria>';
const FILE = [
  { impi: 'alice@ims.test', impus: ['sip:alice@ims.test', 'tel:+1'], password: 'secret', filterCriteria: CRITERIA, chargingFunctions: { primary: 'aaa://cdf.ims.test', secondary: 'aaa://cdf2.ims.test' } },
  { impi: 'bob@ims.test', impus: ['sip:bob@ims.test'], aka: { k: K, opc: OPC }, visitedNetworks: ['home.test'], mandatoryCapabilities: [7] },
  { impi: 'eve@ims.test', impus: ['sip:eve@ims.test'], barred: ['sip:eve@ims.test'], password: 'x' },
]; // prettier-ignore

const SCSCF = 'sip:scscf.ims.test:5054';
const OF = { alice: { 'User-Name': 'alice@ims.test', 'Public-Identity': 'sip:alice@ims.test' }, bob: { 'User-Name': 'bob@ims.test', 'Public-Identity': 'sip:bob@ims.test' }, eve: { 'User-Name': 'eve@ims.test', 'Public-Identity': 'sip:eve@ims.test' } } as const; // prettier-ignore

const world = async () => {
  const clock = createFakeClock();
  const network = createMemoryNetwork(clock);
  const read = readSubscribers(JSON.stringify(FILE), 'ims.test');
  if (!read.ok) throw new Error(read.reason);
  const subscribers = createSubscribers(read.subscribers);
  const node = (host: string, more: object) =>
    createDiameterNode({ host: `${host}.ims.test`, realm: 'ims.test', applications: [APPLICATIONS.cx], transport: network, clock, random: createSeededRandom(host), ...more });
  const server = node('hss', { welcome: () => true });
  const told: unknown[] = [];
  const hss = createHss({ node: server, subscribers, random: createSeededRandom('rand'), told: (line) => void told.push(line) });
  await server.listen({ host: 'hss', port: 3868 });
  const client = node('scscf', { peers: [{ host: 'hss.ims.test', address: { host: 'hss', port: 3868 } }] });
  client.start();
  clock.advance(50);
  const settled = async <T>(asked: Promise<T>): Promise<T> => {
    await clock.advanceAsync(20);
    return asked;
  };
  const ask = async (short: RequestShort, body: Body) => {
    const outcome: Outcome = await settled(client.request(short, body));
    if (outcome.kind !== 'answered') throw new Error(outcome.kind);
    const { vendorId = 0, code = 0 } = outcome.result ?? {};
    return { result: vendorId === 0 ? code : `exp ${code}`, avps: outcome.answer.avps };
  };
  const uar = (body: Body, type = 0, visited = 'ims.test') => ask('UAR', { ...body, 'Visited-Network-Identifier': Buffer.from(visited), 'User-Authorization-Type': type });
  const lir = (impu: string, more: Body = {}) => ask('LIR', { 'Public-Identity': impu, ...more });
  const sar = (type: number, body: Body = OF.alice, more: Body = {}) => ask('SAR', { ...body, 'Server-Name': SCSCF, 'Server-Assignment-Type': type, 'User-Data-Already-Available': 0, ...more });
  const mar = (body: Body, item: Body = { 'SIP-Authentication-Scheme': 'Unknown' }) => ask('MAR', { ...body, 'SIP-Auth-Data-Item': item, 'SIP-Number-Auth-Items': 1, 'Server-Name': SCSCF });
  return { subscribers, hss, client, told, settled, ask, uar, lir, sar, mar };
}; // prettier-ignore

describe('UAR', () => {
  it('first registration, with capabilities; then the S-CSCF that has it', async () => {
    const { uar, sar } = await world();
    const first = await uar(OF.bob, 0, 'home.test');
    expect(first.result).toBe('exp 2001');
    expect(first.avps.group('Server-Capabilities')?.all('Mandatory-Capability')).toEqual([7]);
    await sar(1, OF.bob);
    const again = await uar(OF.bob, 0, 'home.test');
    expect([again.result, again.avps.get('Server-Name')]).toEqual(['exp 2002', SCSCF]);
    expect((await uar(OF.bob, 1)).result).toBe(2001);
  });

  it('first registration of who asks for no capabilities: no empty group, which some clients drop', async () => {
    const { uar } = await world();
    const first = await uar(OF.alice);
    expect([first.result, first.avps.has('Server-Capabilities')]).toEqual(['exp 2001', false]);
  });

  it.each([
    ['5001: nobody of that name', { ...OF.alice, 'User-Name': 'x' }, 0, 'ims.test', 'exp 5001'],
    ['5001: no such identity', { ...OF.alice, 'Public-Identity': 'sip:x' }, 0, 'ims.test', 'exp 5001'],
    ['5002: another user’s identity', { ...OF.alice, 'Public-Identity': 'sip:bob@ims.test' }, 0, 'ims.test', 'exp 5002'],
    ['5003: every identity barred', OF.eve, 0, 'ims.test', 5003],
    ['5004: no roaming there', OF.bob, 0, 'elsewhere.test', 'exp 5004'],
    ['5003: to end what was not begun', OF.bob, 1, 'elsewhere.test', 'exp 5003'],
    ['2001: capabilities', OF.bob, 2, 'home.test', 2001],
  ] as const)('%s', async (_what, body, type, visited, result) => {
    const { uar } = await world();
    expect((await uar(body, type, visited)).result).toBe(result);
  });
}); // prettier-ignore

describe('LIR', () => {
  it('the S-CSCF; any, for one with services when not registered; else not registered', async () => {
    const { lir, sar } = await world();
    expect((await lir('sip:alice@ims.test')).result).toBe('exp 2003');
    expect((await lir('sip:bob@ims.test')).result).toBe('exp 5003');
    expect((await lir('sip:bob@ims.test', { 'Originating-Request': 0 })).result).toBe('exp 2003');
    expect((await lir('sip:bob@ims.test', { 'User-Authorization-Type': 2 })).result).toBe(2001);
    expect((await lir('sip:nobody@ims.test')).result).toBe('exp 5001');
    await sar(1);
    const found = await lir('tel:+1');
    expect([found.result, found.avps.get('Server-Name')]).toEqual([2001, SCSCF]);
  });
});

describe('MAR', () => {
  it('SIP Digest: HA1, realm, algorithm and qop; and the S-CSCF is the one that asked', async () => {
    const { mar, uar } = await world();
    const { result, avps } = await mar(OF.alice);
    const item = avps.group('SIP-Auth-Data-Item');
    const digest = item?.group('SIP-Digest-Authenticate');
    expect([result, item?.get('SIP-Authentication-Scheme')]).toEqual([2001, 'SIP Digest']);
    expect([digest?.get('Digest-HA1'), digest?.get('Digest-Realm'), digest?.get('Digest-QoP')]).toEqual(['303caad20d1a07dd0a9f409479078797', 'ims.test', 'auth']);
    expect((await uar(OF.alice)).result).toBe('exp 2002');
  });

  it('AKA: a vector that a phone with the same key accepts, and counts on', async () => {
    const { mar } = await world();
    const secrets = { k: Buffer.from(K, 'hex'), opc: Buffer.from(OPC, 'hex') };
    for (const count of [33, 66]) {
      const { avps } = await mar(OF.bob, { 'SIP-Authentication-Scheme': 'Digest-AKAv1-MD5' });
      const item = avps.group('SIP-Auth-Data-Item');
      const [rand, autn] = [item!.get('SIP-Authenticate')!.subarray(0, 16), item!.get('SIP-Authenticate')!.subarray(16)];
      const expected = vectorOf(secrets, rand, count, Buffer.from('8000', 'hex'));
      expect([autn, item?.get('SIP-Authorization'), item?.get('Confidentiality-Key'), item?.get('Integrity-Key')]).toEqual([expected.autn, expected.xres, expected.ck, expected.ik]);
    }
  });

  it('AKA: goes on from the count of a phone that has lost it, and not for a forged one', async () => {
    const { mar } = await world();
    const secrets = { k: Buffer.from(K, 'hex'), opc: Buffer.from(OPC, 'hex') };
    const sqnAfter = async (auts: Buffer, rand: Buffer) => {
      const lost = { 'SIP-Authentication-Scheme': 'Digest-AKAv1-MD5', 'SIP-Authorization': Buffer.concat([rand, auts]) };
      const item = (await mar(OF.bob, lost)).avps.group('SIP-Auth-Data-Item')!;
      const challenge = item.get('SIP-Authenticate')!;
      const zero = vectorOf(secrets, challenge.subarray(0, 16), 0, Buffer.alloc(2)).autn;
      return sqnOf(Buffer.from(challenge.subarray(16, 22).map((byte, i) => byte ^ zero[i]!)));
    };
    const rand = Buffer.alloc(16, 7);
    expect(await sqnAfter(autsOf(secrets, rand, 0xa000), rand)).toBe(0xa000 + 33);
    expect(await sqnAfter(Buffer.alloc(14), rand)).toBe(0xa000 + 66);
    // Said again by somebody who overheard it: nothing goes back.
    expect(await sqnAfter(autsOf(secrets, rand, 0xa000), rand)).toBe(0xa000 + 99);
  });

  it('AKA: gives the same vectors for version 2 of the digest', async () => {
    const { mar } = await world();
    const { avps } = await mar(OF.bob, { 'SIP-Authentication-Scheme': 'Digest-AKAv2-SHA-256' });
    const item = avps.group('SIP-Auth-Data-Item');
    expect(item?.get('SIP-Authentication-Scheme')).toBe('Digest-AKAv2-SHA-256');
    expect(item?.get('SIP-Authenticate')).toHaveLength(32);
  });

  it('5001, 5002, 5006', async () => {
    const { mar } = await world();
    expect((await mar({ ...OF.alice, 'User-Name': 'x' })).result).toBe('exp 5001');
    expect((await mar({ ...OF.alice, 'Public-Identity': 'sip:bob@ims.test' })).result).toBe('exp 5002');
    expect((await mar(OF.alice, { 'SIP-Authentication-Scheme': 'Digest-AKAv1-MD5' })).result).toBe('exp 5006');
    expect((await mar(OF.alice, { 'SIP-Authentication-Scheme': 'NASS-Bundled' })).result).toBe('exp 5006');
  });
}); // prettier-ignore

describe('SAR', () => {
  it('registration: the profile and the charging functions', async () => {
    const { sar, subscribers } = await world();
    const { result, avps } = await sar(1);
    expect(result).toBe(2001);
    expect(avps.get('User-Data')?.toString()).toContain('<Identity>sip:alice@ims.test</Identity></PublicIdentity><PublicIdentity><Identity>tel:+1</Identity>');
    expect(avps.group('Charging-Information')?.get('Secondary-Charging-Collection-Function-Name')).toBe('aaa://cdf2.ims.test');
    expect(subscribers.assignment(subscribers.byImpi('alice@ims.test')!)).toMatchObject({ state: 'registered', serverName: SCSCF, serverHost: 'scscf.ims.test' });
    expect((await sar(2, OF.alice, { 'User-Data-Already-Available': 1 })).avps.has('User-Data')).toBe(false);
  });

  it.each([
    ['unregistered user, by its identity alone', 3, { 'Public-Identity': 'tel:+1' }, 2001, 'unregistered'],
    ['nothing assigned', 0, OF.alice, 5012, 'not-registered'],
    ['nobody', 1, { ...OF.alice, 'User-Name': 'x' }, 'exp 5001', 'not-registered'],
    ['another user’s identity', 1, { ...OF.alice, 'Public-Identity': 'sip:bob@ims.test' }, 'exp 5002', 'not-registered'],
    ['two identities at a registration', 1, { ...OF.alice, 'Public-Identity': ['sip:alice@ims.test', 'tel:+1'] }, 5009, 'not-registered'],
    ['a type that an S-CSCF does not send', 13, OF.alice, 'exp 5007', 'not-registered'],
  ] as const)('%s', async (_what, type, body, result, state) => {
    const { sar, subscribers } = await world();
    expect((await sar(type, body)).result).toBe(result);
    expect(subscribers.assignment(subscribers.byImpi('alice@ims.test')!).state).toBe(state);
  });

  it.each([[4], [5], [8], [11]])('type %i ends it; another S-CSCF may not', async (type) => {
    const { sar, lir } = await world();
    await sar(1);
    expect((await sar(type, OF.alice, { 'Server-Name': 'sip:other' })).result).toBe(5012);
    expect((await lir('tel:+1')).result).toBe(2001);
    expect((await sar(type)).result).toBe(2001);
    expect((await lir('tel:+1')).result).toBe('exp 2003');
  });

  it('types 6 and 7 keep the S-CSCF; 0 gives it the profile again', async () => {
    const { sar, lir } = await world();
    await sar(1);
    await sar(7);
    expect((await lir('tel:+1')).avps.get('Server-Name')).toBe(SCSCF);
    expect((await sar(0)).avps.has('User-Data')).toBe(true);
  });

  it('types 9 and 10 let go of one that was challenged, and not of one that is registered', async () => {
    const { sar, mar, uar } = await world();
    await mar(OF.alice);
    await sar(9);
    expect((await uar(OF.alice)).result).toBe('exp 2001');
    await sar(1);
    await sar(10);
    expect((await uar(OF.alice)).result).toBe('exp 2002');
  });
}); // prettier-ignore

describe('on command', () => {
  const pushedTo = async (handlers: Readonly<Partial<Record<'RTR' | 'PPR', Handler>>>) => {
    const made = await world();
    for (const [short, handler] of Object.entries(handlers)) made.client.handle(short as 'RTR', handler);
    const ports = { hss: made.hss, subscribers: made.subscribers, reload: () => 'again' };
    return { ...made, type: (line: string) => made.settled(runCommand(ports, line)) };
  };

  it('RTR ends a registration, with its reason and identities', async () => {
    const seen: unknown[] = [];
    const { sar, type, lir } = await pushedTo({ RTR: ({ avps }) => (seen.push(avps.group('Deregistration-Reason')?.get('Reason-Code'), avps.all('Public-Identity')), { 'Result-Code': 2001 }) });
    expect(await type('rtr alice@ims.test')).toBe('not done: alice@ims.test has no S-CSCF');
    await sar(1);
    expect(await type('rtr alice@ims.test 1 tel:+1 sip:alice@ims.test')).toBe('answered 2001');
    expect(seen).toEqual([1, ['tel:+1', 'sip:alice@ims.test']]);
    expect((await lir('tel:+1')).result).toBe('exp 2003');
  });

  it('PPR sends the profile as it is now', async () => {
    const seen: string[] = [];
    const { sar, type, subscribers, hss, settled } = await pushedTo({ PPR: ({ avps }) => (seen.push(avps.get('User-Data')?.toString() ?? ''), { 'Result-Code': 5012 }) });
    await sar(1);
    const changed = readSubscribers(JSON.stringify([{ ...FILE[0], filterCriteria: '<new/>' }]), 'ims.test');
    if (changed.ok) subscribers.replace(changed.subscribers);
    expect(await type('ppr alice@ims.test')).toBe('answered 5012');
    expect(seen[0]).toContain('<new/>');
    expect(await settled(hss.pushProfile('bob@ims.test'))).toEqual({ ok: false, reason: 'bob@ims.test is not known' });
    expect(await settled(hss.deregister('bob@ims.test', REASON.SERVER_CHANGE))).toMatchObject({ ok: false });
  });

  it('show, reload, and what is no command', async () => {
    const { sar, type } = await pushedTo({});
    expect(await type('show alice@ims.test')).toBe('alice@ims.test is not-registered');
    await sar(1);
    expect(await type('show alice@ims.test')).toBe(`alice@ims.test is registered at ${SCSCF} (scscf.ims.test)`);
    expect(await type('reload')).toBe('again');
    expect(await type('rtr alice@ims.test 9')).toBe('takes a reason from 0 to 3');
    expect(await type('ppr nobody')).toBe('nobody is not known');
    expect(await type('help')).toBe(USAGE);
    expect(await type(' ')).toBe('');
  });

  it('tells each request without a secret', async () => {
    const { mar, told } = await world();
    await mar(OF.alice);
    await mar(OF.bob);
    expect(told).toHaveLength(2);
    expect(told[0]).toMatchObject({ command: 'MAR', impi: 'alice@ims.test', result: 2001 });
    expect(JSON.stringify(told)).not.toMatch(/[0-9a-f]{32}/);
  });
}); // prettier-ignore
