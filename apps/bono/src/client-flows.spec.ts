import type { Flow } from '#libs/sip';
import { type ClientFlowLimits, ClientFlows, DISPLACED_MAX, type FlowIdentity } from './client-flows.js';

const GRACE_MS = 30_000;

const flowOf = (more: Partial<Flow> = {}): Flow => ({
  transport: 'udp',
  reliable: false,
  listener: 'untrusted',
  localAddress: '10.1.0.1',
  localPort: 5060,
  remoteAddress: '10.0.0.1',
  remotePort: 5060,
  connectionId: 0,
  closed: false,
  send: () => true,
  close: () => undefined,
  ...more,
});
const streamOf = (connectionId: number, more: Partial<Flow> = {}): Flow =>
  flowOf({ transport: 'tcp', reliable: true, connectionId, ...more });

/** A token is the flow's number; how often each was made and read. */
const newFlows = (limits?: ClientFlowLimits) => {
  const named: Flow[] = [];
  const counts = { made: 0, read: 0 };
  const flows = new ClientFlows(
    {
      tokens: {
        of: (flow) => {
          counts.made++;
          return `t${named.push(flow) - 1}`;
        },
        flow: (token) => {
          counts.read++;
          const flow = named[Number(token.slice(1))];
          return flow?.closed === true ? undefined : flow;
        },
      },
    },
    limits,
  );
  return { flows, counts };
};

const identity = (impu: string, more: Partial<FlowIdentity> = {}): FlowIdentity => ({
  impu,
  impi: `${impu}-private`,
  instance: '',
  contacts: [],
  expiresAtMs: 1_000,
  serviceRoute: undefined,
  ...more,
});

describe('a flow', () => {
  it('is known while somebody is registered on it, and 30 s longer', () => {
    const { flows } = newFlows();
    const flow = flowOf();
    expect(flows.find(flow)).toBeUndefined();
    expect(flows.register(flow, [identity('alice', { expiresAtMs: 1_000 })])).toBe(true);
    const client = flows.find(flow)!;
    expect(client.identity('alice', 1_000 + GRACE_MS - 1)).toMatchObject({ impu: 'alice' });
    expect(client.identity('alice', 1_000 + GRACE_MS)).toBeUndefined();
    expect(client.defaultIdentity(1_000 + GRACE_MS)).toBeUndefined();
    expect(client.identity('bob', 0)).toBeUndefined();
  });

  it('has the first identity that is still there for default', () => {
    const { flows } = newFlows();
    const flow = flowOf();
    flows.register(flow, [identity('short', { expiresAtMs: 0 }), identity('long', { expiresAtMs: 90_000 })]);
    const client = flows.find(flow)!;
    expect(client.defaultIdentity(0)?.impu).toBe('short');
    expect(client.defaultIdentity(GRACE_MS)?.impu).toBe('long');
  });

  it('over UDP is its addresses, whatever object the transport has for them', () => {
    const { flows } = newFlows();
    flows.register(flowOf(), [identity('alice')]);
    expect(flows.find(flowOf())?.identity('alice', 0)).toBeDefined();
    for (const other of [
      { remotePort: 5061 },
      { remoteAddress: '10.0.0.2' },
      { listener: 'other' },
      { localPort: 1 },
    ])
      expect(flows.find(flowOf(other))).toBeUndefined();
  });

  it('over a stream is its connection, and gone with it', () => {
    const { flows } = newFlows();
    const [first, second] = [streamOf(1), streamOf(2)];
    flows.register(first, [identity('alice')]);
    expect(flows.find(second)).toBeUndefined();
    flows.closed(second);
    expect(flows.find(first)).toBeDefined();
    flows.closed(first);
    expect(flows.find(first)).toBeUndefined();
    expect(flows.size).toBe(0);
  });

  it('is forgotten with its last identity', () => {
    const { flows } = newFlows();
    const flow = flowOf();
    flows.register(flow, [identity('alice'), identity('bob')]);
    flows.deregister(flow, ['alice']);
    expect(flows.find(flow)?.identity('bob', 0)).toBeDefined();
    flows.deregister(flow, ['bob', 'carol']);
    expect(flows.find(flow)).toBeUndefined();
    expect(flows.size).toBe(0);
  });

  it('is swept when all on it has lapsed', () => {
    const { flows } = newFlows();
    flows.register(flowOf(), [identity('alice', { expiresAtMs: 0 }), identity('bob', { expiresAtMs: 1 })]);
    flows.sweep(GRACE_MS);
    expect(flows.size).toBe(1);
    flows.sweep(GRACE_MS + 1);
    expect(flows.size).toBe(0);
  });
});

describe('another device at a UDP address', () => {
  const desk = (impu: string) => identity(impu, { instance: 'desk' });
  const mobile = (impu: string) => identity(impu, { instance: 'mobile' });

  it('displaces those of the former one, and only those', () => {
    const { flows } = newFlows();
    flows.register(flowOf(), [desk('alice'), desk('bob')]);
    flows.register(flowOf(), [mobile('carol')]);
    const client = flows.find(flowOf())!;
    expect(client.identity('alice', 0)).toBeUndefined();
    expect(client.identity('carol', 0)).toBeDefined();
    expect(['alice', 'bob', 'carol'].map((impu) => client.displaced(impu))).toEqual([true, true, false]);
  });

  it('is not suspected where the same device registers several users', () => {
    const { flows } = newFlows();
    for (const impu of ['alice', 'bob', 'carol']) flows.register(flowOf(), [desk(impu)]);
    const client = flows.find(flowOf())!;
    expect(['alice', 'bob', 'carol'].every((impu) => client.identity(impu, 0))).toBe(true);
  });

  it('is not suspected where the same user registers from it', () => {
    const { flows } = newFlows();
    const own = (instance: string, impu: string) => identity(impu, { instance, impi: 'alice' });
    flows.register(flowOf(), [own('desk', 'alice')]);
    flows.register(flowOf(), [own('mobile', 'alice-too')]);
    expect(flows.find(flowOf())!.identity('alice', 0)).toBeDefined();
  });

  it('cannot be on a stream: a connection is one device’s', () => {
    const { flows } = newFlows();
    const flow = streamOf(1);
    flows.register(flow, [desk('alice')]);
    flows.register(flow, [mobile('carol')]);
    expect(flows.find(flow)!.identity('alice', 0)).toBeDefined();
  });

  it('is displaced itself when the former one comes back', () => {
    const { flows } = newFlows();
    flows.register(flowOf(), [desk('alice')]);
    flows.register(flowOf(), [mobile('carol')]);
    flows.register(flowOf(), [desk('alice')]);
    const client = flows.find(flowOf())!;
    expect(client.displaced('alice')).toBe(false);
    expect(client.displaced('carol')).toBe(true);
  });

  it(`leaves the last ${DISPLACED_MAX} displaced identities remembered`, () => {
    const { flows } = newFlows();
    const many = Array.from({ length: DISPLACED_MAX + 1 }, (_, n) => desk(`user${n}`));
    flows.register(flowOf(), many);
    flows.register(flowOf(), [mobile('carol')]);
    const client = flows.find(flowOf())!;
    expect(client.displaced('user0')).toBe(false);
    expect(client.displaced('user1')).toBe(true);
  });
});

describe('a token', () => {
  it('is made once a flow, and read once', () => {
    const { flows, counts } = newFlows();
    const flow = flowOf();
    const token = flows.tokenOf(flow)!;
    expect(flows.tokenOf(flow)).toBe(token);
    expect(flows.byToken(token)).toBe(flow);
    expect(flows.byToken(token)).toBe(flow);
    expect(counts).toEqual({ made: 1, read: 1 });
  });

  it('that broke before its 200 OK came is not taken up', () => {
    const { flows } = newFlows();
    const flow = Object.defineProperty(streamOf(1), 'closed', { get: () => true });
    expect(flows.register(flow, [identity('alice')])).toBe(true);
    expect(flows.size).toBe(0);
  });

  it('names no flow that is gone, nor one that never was', () => {
    const { flows } = newFlows();
    const state = { closed: false };
    const flow = Object.defineProperty(streamOf(1), 'closed', { get: () => state.closed });
    const token = flows.tokenOf(flow)!;
    expect(flows.byToken(token)).toBe(flow);
    state.closed = true;
    expect(flows.byToken(token)).toBeUndefined();
    expect(flows.byToken('t99')).toBeUndefined();
  });
});

it('lets the flow go that registered longest ago, when there are too many', () => {
  const { flows } = newFlows({ flowsMax: 3, identitiesMax: 100 });
  const at = (n: number) => flowOf({ remotePort: n });
  for (const n of [1, 2, 3, 1, 4]) flows.register(at(n), [identity('alice')]);
  expect([1, 2, 3, 4].map((n) => flows.find(at(n)) !== undefined)).toEqual([true, false, true, true]);
});

it('takes no more identities than it may, and more again when some have gone', () => {
  const { flows } = newFlows({ flowsMax: 100, identitiesMax: 3 });
  expect(flows.register(streamOf(1), [identity('a'), identity('b'), identity('c')])).toBe(true);
  const second = streamOf(2);
  expect(flows.register(second, [identity('one')])).toBe(false);
  expect(flows.find(second)).toBeUndefined();
  flows.sweep(10 * GRACE_MS);
  expect(flows.register(second, [identity('one')])).toBe(true);
});
