// Nodes on a simulated network and a fake clock: requests answered, timed out, not sent; failover and failback with the T flag; every
// answer of RFC 6733 §7 that is the node's to give; elections of nodes that call each other; bounds.
import { createFakeClock, createSeededRandom, type FakeClock } from '#libs/testkit';
import { FLAG, isRetransmitted } from '../codec/header.js';
import { MESSAGE_BYTES_MAX } from '../codec/limits.js';
import { APPLICATIONS } from '../dictionary/dictionary.js';
import { answerHeader } from '../message/answer.js';
import { Avps } from '../message/avps.js';
import type { Message } from '../message/message.js';
import { type Body, writeMessage } from '../message/write-message.js';
import { capabilitiesAnswer } from '../peer/peer-messages.js';
import type { Connection } from '../peer/transport.port.js';
import { createMemoryNetwork, type MemoryNetwork } from '../testing/memory-network.js';
import { parsed } from '../testing/samples.fixture.js';
import { localNode } from '../testing/scripted-peer.fixture.js';
import { CER_WAIT_MS, UNIDENTIFIED_MAX } from './incoming.js';
import { createDiameterNode, type DiameterNode, type NodeOptions } from './node.js';
import { type Outcome, WAITING_MAX } from './requests.js';
import { IN_PROGRESS_MAX } from './serve.js';

const LIR: Body = { 'Public-Identity': 'sip:alice@ims.test' };
const SUCCESS: Body = { 'Result-Code': 2001 };

type World = { clock: FakeClock; network: MemoryNetwork; told: string[]; nodes: DiameterNode[] };
const world = (): World => {
  const clock = createFakeClock();
  return { clock, network: createMemoryNetwork(clock), told: [], nodes: [] };
};
const node = ({ clock, network, told, nodes }: World, host: string, more: Partial<NodeOptions> = {}): DiameterNode => {
  const made = createDiameterNode({
    host: `${host}.ims.test`,
    realm: 'ims.test',
    applications: [APPLICATIONS.cx],
    transport: network,
    clock,
    random: createSeededRandom(host),
    told: (what) => void told.push(`${host}: ${what}`),
    ...more,
  });
  nodes.push(made);
  return made;
}; // prettier-ignore

const server = async (at: World, host: string, answer: (request: Message) => Body | Promise<Body> = () => SUCCESS, more: Partial<NodeOptions> = {}) => {
  const made = node(at, host, { welcome: () => true, ...more });
  made.handle('LIR', answer);
  await made.listen({ host, port: 3868 });
  return made;
}; // prettier-ignore
const called = (...hosts: readonly string[]) =>
  hosts.map((host) => ({ host: `${host}.ims.test`, address: { host, port: 3868 } }));
const client = (at: World, hosts: readonly string[], more: Partial<NodeOptions> = {}): DiameterNode => {
  const made = node(at, 'client', { peers: called(...hosts), ...more });
  made.start();
  at.clock.advance(100);
  return made;
}; // prettier-ignore
const outcome = async (
  { clock }: World,
  asked: Promise<Outcome>,
  ms = 100,
): Promise<Outcome | 'none yet'> => {
  await clock.advanceAsync(ms);
  return Promise.race([asked, Promise.resolve('none yet' as const)]);
};
const codeOf = (found: Outcome | 'none yet') =>
  found === 'none yet' || found.kind !== 'answered' ? found : found.result?.code;

describe('a request', () => {
  it('is answered by the peer of its realm', async () => {
    const at = world();
    const seen: Message[] = [];
    await server(at, 'hss', (request) => (seen.push(request), SUCCESS));
    const one = client(at, ['hss']);
    const found = await outcome(at, one.request('LIR', LIR));
    expect(found).toMatchObject({
      kind: 'answered',
      result: { code: 2001, vendorId: 0 },
      peer: 'hss.ims.test',
      tries: 1,
    });
    expect(seen[0]?.avps.list.map(({ code }) => code)).toEqual([263, 260, 277, 264, 296, 283, 601]);
    expect(found !== 'none yet' && found.kind === 'answered' && found.answer.avps.get('Session-Id')).toBe(
      seen[0]?.avps.get('Session-Id'),
    );
  });

  it('is not sent without a peer, and says so at once', async () => {
    const at = world();
    const one = client(at, ['nobody']);
    expect(await outcome(at, one.request('LIR', LIR), 0)).toMatchObject({
      kind: 'not-sent',
      reason: 'no-peer',
    });
    expect(await outcome(at, one.request('ACR', {}), 0)).toMatchObject({
      kind: 'not-sent',
      reason: 'cannot-write',
    });
    expect(await outcome(at, one.request('LIR', { 'Cause-Code': 2 ** 40 }), 0)).toMatchObject({
      kind: 'not-sent',
      reason: 'cannot-write',
    });
  });

  it('that is not answered goes to the next peer with the T flag and the same end-to-end id, then times out', async () => {
    const at = world();
    const seen: Message[] = [];
    const silent = (request: Message) => (seen.push(request), new Promise<Body>(() => undefined));
    await server(at, 'hss1', silent);
    await server(at, 'hss2', silent);
    const one = client(at, ['hss1', 'hss2']);
    const asked = one.request('LIR', LIR, { timeoutMs: 500 });
    expect(await outcome(at, asked, 400)).toBe('none yet');
    expect(await outcome(at, asked, 400)).toBe('none yet');
    expect(seen.map(isRetransmitted)).toEqual([false, true]);
    expect(seen[0]?.endToEnd).toBe(seen[1]?.endToEnd);
    expect(await outcome(at, asked, 400)).toEqual({
      kind: 'timed-out',
      cause: 'time',
      peer: 'hss2.ims.test',
      tries: 2,
    });
    expect(one.peers().map(({ waiting }) => waiting)).toEqual([0, 0]);
  });

  it('goes to the next peer when the first cannot deliver it or is too busy: without the T flag, as it was not done', async () => {
    for (const refusal of [3002, 3004]) {
      const at = world();
      const seen: Message[] = [];
      await server(at, 'hss1', () => ({ 'Result-Code': refusal }));
      await server(at, 'hss2', (request) => (seen.push(request), SUCCESS));
      const one = client(at, ['hss1', 'hss2']);
      expect(await outcome(at, one.request('LIR', LIR))).toMatchObject({
        kind: 'answered',
        peer: 'hss2.ims.test',
        tries: 2,
      });
      expect(seen.map(isRetransmitted)).toEqual([false]);
      const only = { through: ['hss1.ims.test'] };
      expect(codeOf(await outcome(at, one.request('LIR', LIR, only)))).toBe(refusal);
    }
  });

  it('that waits for a peer whose connection ends goes to another at once, with the T flag; or ends', async () => {
    const at = world();
    const seen: Message[] = [];
    await server(at, 'hss1', () => new Promise<Body>(() => undefined));
    await server(at, 'hss2', (request) => (seen.push(request), SUCCESS));
    const one = client(at, ['hss1', 'hss2']);
    const [asked, alone] = [one.request('LIR', LIR), one.request('LIR', LIR, { through: ['hss1.ims.test'] })];
    at.clock.advance(10);
    at.network.cut('hss1');
    expect(await outcome(at, asked, 10)).toMatchObject({ kind: 'answered', peer: 'hss2.ims.test' });
    expect(seen.map(isRetransmitted)).toEqual([true]);
    expect(await outcome(at, alone, 0)).toMatchObject({
      kind: 'timed-out',
      cause: 'peer-lost',
      peer: 'hss1.ims.test',
    });
  });

  it('is not answered by another peer than the one that has it', async () => {
    const at = world();
    const seen: Message[] = [];
    await server(at, 'hss', (request) => (seen.push(request), new Promise<Body>(() => undefined)));
    let forger: Connection | undefined;
    await at.network.listen({ host: 'forger', port: 3868 }, (connection) => {
      forger = connection;
      const data = (bytes: Buffer) =>
        connection.send(capabilitiesAnswer(parsed(bytes), localNode('forger.ims.test')));
      return { opened: () => undefined, closed: () => undefined, data };
    });
    const one = client(at, ['hss', 'forger']);
    expect(one.peers().map(({ isTrusted }) => isTrusted)).toEqual([true, true]);
    const asked = one.request('LIR', LIR, { timeoutMs: 1_000, triesMax: 1 });
    await at.clock.advanceAsync(10);
    forger?.send(writeMessage(answerHeader(seen[0]!), SUCCESS));
    expect(await outcome(at, asked)).toBe('none yet');
    expect(at.told).toContain('client: forger.ims.test: an answer that nobody waits for');
    expect(await outcome(at, asked, 1_000)).toMatchObject({ kind: 'timed-out' });
  });

  it('carries the T flag when its caller sends it again', async () => {
    const at = world();
    const seen: Message[] = [];
    await server(at, 'hss', (request) => (seen.push(request), SUCCESS));
    await outcome(at, client(at, ['hss']).request('LIR', LIR, { isRetransmitted: true }));
    expect(seen.map(isRetransmitted)).toEqual([true]);
  });

  it('is not sent when every peer has as many as it may have', async () => {
    const at = world();
    await server(at, 'hss', () => new Promise<Body>(() => undefined));
    const one = client(at, ['hss']);
    const asked = Array.from({ length: WAITING_MAX }, () => one.request('LIR', LIR, { timeoutMs: 50 }));
    expect(await outcome(at, one.request('LIR', LIR), 0)).toMatchObject({ kind: 'not-sent', reason: 'busy' });
    at.clock.advance(60);
    expect((await Promise.all(asked)).every(({ kind }) => kind === 'timed-out')).toBe(true);
  });

  it('goes where its Destination-Host is, and by realm and application where the table says', async () => {
    const at = world();
    const seen: string[] = [];
    for (const host of ['hss1', 'hss2', 'other'])
      await server(
        at,
        host,
        () => (seen.push(host), SUCCESS),
        host === 'other' ? { realm: 'other.test' } : {},
      );
    const routes = [
      { realm: 'ims.test', peers: ['hss1.ims.test', 'hss2.ims.test'] },
      { realm: 'OTHER.test', applicationId: 16_777_216, peers: ['other.ims.test'] },
    ];
    const one = client(at, ['hss1', 'hss2', 'other'], { routes });
    await outcome(at, one.request('LIR', { ...LIR, 'Destination-Host': 'hss2.ims.test' }));
    await outcome(at, one.request('LIR', { ...LIR, 'Destination-Realm': 'other.test' }));
    await outcome(at, one.request('LIR', LIR));
    expect(seen).toEqual(['hss2', 'other', 'hss1']);
    expect(
      await outcome(at, one.request('LIR', { ...LIR, 'Destination-Realm': 'third.test' }), 0),
    ).toMatchObject({ reason: 'no-peer' });
  });
});

describe('failover by the watchdog (RFC 3539)', () => {
  it('leaves a primary that has gone deaf, and comes back after three answers', async () => {
    const at = world();
    const served: string[] = [];
    for (const host of ['hss1', 'hss2']) await server(at, host, () => (served.push(host), SUCCESS));
    const one = client(at, ['hss1', 'hss2']);
    const ask = () => outcome(at, one.request('LIR', LIR, { triesMax: 1 }));
    at.network.deaf('hss1', true);
    await at.clock.advanceAsync(17_000);
    await ask();
    expect(served).toEqual(['hss2']);
    await at.clock.advanceAsync(10_000);
    at.network.deaf('hss1', false);
    await at.clock.advanceAsync(10_000);
    expect(one.peers()[0]).toMatchObject({ state: 'I-Open', watchdog: 'REOPEN', isTrusted: false });
    await ask();
    expect(served).toEqual(['hss2', 'hss2']);
    await at.clock.advanceAsync(25_000);
    await ask();
    expect([one.peers()[0]?.watchdog, served.at(-1)]).toEqual(['OKAY', 'hss1']);
  });

  it('uses a peer on probation where there is no other', async () => {
    const at = world();
    await server(at, 'hss');
    const one = client(at, ['hss']);
    at.network.cut('hss');
    await at.clock.advanceAsync(8_500);
    expect(one.peers()[0]).toMatchObject({ watchdog: 'REOPEN', isTrusted: false });
    expect(codeOf(await outcome(at, one.request('LIR', LIR)))).toBe(2001);
  });
});

describe('a server', () => {
  const answered = async (
    body: Body,
    more: Partial<NodeOptions> = {},
    answer: () => Body | Promise<Body> = () => SUCCESS,
  ) => {
    const at = world();
    await server(at, 'hss', answer, more);
    return codeOf(
      await outcome(
        at,
        client(at, ['hss']).request('LIR', { ...LIR, ...body }, { through: ['hss.ims.test'] }),
      ),
    );
  };

  it('3002: another host than this', async () =>
    expect(await answered({ 'Destination-Host': 'x.ims.test' })).toBe(3002));
  it('3003: another realm', async () => expect(await answered({ 'Destination-Realm': 'x.test' })).toBe(3003));
  it('3005: it was here before', async () =>
    expect(await answered({ 'Route-Record': ['p.test', 'hss.ims.test'] })).toBe(3005));
  it('5005: what its command asks for is missing', async () =>
    expect(await answered({ 'Public-Identity': undefined })).toBe(5005));
  it('5012: a handler that throws', async () => {
    const failed: string[] = [];
    const broken = { failed: (what: string) => void failed.push(what) };
    expect(await answered({}, broken, () => Promise.reject(new Error('x')))).toBe(5012);
    expect(failed).toEqual(['command 302 from client.ims.test']);
  });
  it('5012: an answer that cannot be written', async () =>
    expect(await answered({}, {}, () => ({ 'Vendor-Id': -1 }))).toBe(5012));

  it('3001 and 3007: a command, an application that is not served', async () => {
    const at = world();
    await server(at, 'hss');
    const one = client(at, ['hss']);
    expect(codeOf(await outcome(at, one.request('UAR', { ...LIR })))).toBe(3001);
    const relay = world();
    await server(relay, 'hss', undefined, {
      applications: [APPLICATIONS.accounting, { ...APPLICATIONS.cx, id: 0xffff_ffff }],
    });
    expect(codeOf(await outcome(relay, client(relay, ['hss']).request('LIR', LIR)))).toBe(3007);
  });

  it('3004: more in progress than it takes', async () => {
    const at = world();
    const release: (() => void)[] = [];
    await server(at, 'hss', () => new Promise<Body>((resolve) => void release.push(() => resolve(SUCCESS))));
    const clients = ['c1', 'c2'].map((host) => {
      const made = node(at, host, { peers: called('hss') });
      made.start();
      return made;
    });
    at.clock.advance(100);
    const asked = Array.from({ length: IN_PROGRESS_MAX }, () => clients[0]!.request('LIR', LIR));
    at.clock.advance(10);
    expect(codeOf(await outcome(at, clients[1]!.request('LIR', LIR), 10))).toBe(3004);
    for (const one of release) one();
    await at.clock.advanceAsync(10);
    expect((await Promise.all(asked)).every(({ kind }) => kind === 'answered')).toBe(true);
  });

  it('counts its answers by result', async () => {
    const at = world();
    const hss = await server(at, 'hss', () => ({
      'Experimental-Result': { 'Vendor-Id': 10_415, 'Experimental-Result-Code': 5003 },
    }));
    const one = client(at, ['hss']);
    expect(await outcome(at, one.request('LIR', LIR))).toMatchObject({
      result: { code: 5003, vendorId: 10_415 },
    });
    expect([...hss.answers]).toEqual([['10415/5003', 1]]);
  });

  it('asks its peer as the peer asks it', async () => {
    const at = world();
    const hss = await server(at, 'hss');
    const one = client(at, ['hss']);
    one.handle('PPR', (request) => ({
      'Result-Code': request.avps.get('User-Name') === 'alice' ? 2001 : 5012,
    }));
    const pushed = hss.request(
      'PPR',
      { 'Destination-Host': 'client.ims.test', 'User-Name': 'alice' },
      { through: ['client.ims.test'] },
    );
    expect(codeOf(await outcome(at, pushed))).toBe(2001);
  });

  it('asks a peer that has started anew before its old connection was known to be gone, and leaves it at the end', async () => {
    const at = world();
    const hss = await server(at, 'hss');
    client(at, ['hss']);
    await at.clock.advanceAsync(2_000);
    const again = client(at, ['hss']);
    again.handle('PPR', () => SUCCESS);
    await at.clock.advanceAsync(100);
    expect(hss.peers().map(({ host, state }) => [host, state])).toEqual([['client.ims.test', 'R-Open']]);
    const to = { 'Destination-Host': 'client.ims.test', 'User-Name': 'alice' };
    const pushed = hss.request('PPR', to, { through: ['client.ims.test'] });
    expect(codeOf(await outcome(at, pushed))).toBe(2001);
    const stopped = Promise.all(at.nodes.map((each) => each.stop()));
    await at.clock.advanceAsync(5_000);
    await stopped;
    expect(at.clock.pending).toBe(0);
  });
});

describe('a connection', () => {
  it('5001: what is as long as a message may be leaves no room to be sent back, and is answered without', async () => {
    const at = world();
    await server(at, 'hss');
    const answers: Buffer[] = [];
    const header = { flags: FLAG.request, command: 257, applicationId: 0, hopByHop: 1, endToEnd: 1 };
    const long = { code: 99_999, vendorId: 0, flags: 0x40, data: Buffer.alloc(MESSAGE_BYTES_MAX - 40) };
    const cer = writeMessage(header, new Avps([long]));
    const connection = at.network.connect({ host: 'hss', port: 3868 }, {
      opened: () => connection.send(cer),
      data: (bytes) => void answers.push(bytes),
      closed: () => undefined,
    });
    at.clock.advance(10);
    expect(answers.map((bytes) => parsed(bytes).avps.get('Result-Code'))).toEqual([5001]);
  });

  it('3010: a stranger is told so, and closed', async () => {
    const at = world();
    await server(at, 'hss', undefined, { welcome: () => false });
    client(at, ['hss']);
    expect(at.told).toContain('hss: a connection from hss is refused: client.ims.test is not known here');
    expect(at.told).toContain('client: hss.ims.test: closed: answered 3010 client.ims.test is not known here');
  });

  it('5010: nothing in common', async () => {
    const at = world();
    await server(at, 'hss', undefined, { applications: [APPLICATIONS.accounting] });
    client(at, ['hss']);
    expect(at.told).toContain('client: hss.ims.test: closed: answered 5010 no application in common');
  });

  it('is not to be had under another name', async () => {
    const at = world();
    await server(at, 'hss');
    client(at, ['hss'], { peers: [{ host: 'cdf.ims.test', address: { host: 'hss', port: 3868 } }] });
    expect(at.told).toContain('client: cdf.ims.test: closed: is hss.ims.test');
  });

  it('is closed when no CER comes, and there are not too many that wait', async () => {
    const at = world();
    await server(at, 'hss');
    const closed: string[] = [];
    const events = { opened: () => undefined, data: () => undefined, closed: (reason: string) => void closed.push(reason) };
    for (let i = 0; i <= UNIDENTIFIED_MAX; i++) at.network.connect({ host: 'hss', port: 3868 }, events);
    at.clock.advance(10);
    expect(closed).toEqual(['refused']);
    at.clock.advance(CER_WAIT_MS + 10);
    expect(closed).toHaveLength(UNIDENTIFIED_MAX + 1);
  });

  it('survives once when two nodes call each other at the same moment: the election', async () => {
    const at = world();
    const pair = ['a', 'b'].map((host) => {
      const made = node(at, host, { peers: called(host === 'a' ? 'b' : 'a') });
      made.handle('LIR', () => SUCCESS);
      return made;
    });
    for (const [i, host] of ['a', 'b'].entries()) await pair[i]!.listen({ host, port: 3868 });
    for (const one of pair) one.start();
    await at.clock.advanceAsync(500);
    const states = pair.map((one) => one.peers()[0]?.state);
    expect(states).toEqual(['I-Open', 'R-Open']);
    expect(codeOf(await outcome(at, pair[0]!.request('LIR', LIR)))).toBe(2001);
    expect(codeOf(await outcome(at, pair[1]!.request('LIR', LIR)))).toBe(2001);
  });

  it('ends with DPR and DPA, and leaves nothing running', async () => {
    const at = world();
    await server(at, 'hss');
    const one = client(at, ['hss']);
    const stopped = Promise.all(at.nodes.map((each) => each.stop()));
    await at.clock.advanceAsync(5_000);
    await stopped;
    expect(one.peers()[0]?.state).toBe('Closed');
    expect(await one.request('LIR', LIR)).toMatchObject({ kind: 'not-sent' });
    expect(at.clock.pending).toBe(0);
  });

  it('tells when the first peer is up', async () => {
    const at = world();
    await server(at, 'hss');
    const one = node(at, 'client', { peers: called('hss') });
    const up = one.whenUp(1_000);
    one.start();
    await at.clock.advanceAsync(100);
    expect(await up).toBe(true);
    const never = node(at, 'other', { peers: called('nobody') }).whenUp(1_000);
    await at.clock.advanceAsync(1_000);
    expect(await never).toBe(false);
  });
}); // prettier-ignore
