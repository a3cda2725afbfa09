import { createFakeClock, settle } from '#libs/testkit';
import type { Flow } from '../transport/transport.port.js';
import { startNode, type TestNode } from './contract/node.js';
import { request } from './contract/recorder.js';
import { DRAIN_MESSAGES_MAX, HUB_QUEUE_MAX, MemoryHub, type MemoryHubOptions } from './memory-hub.js';

type OnMessage = (raw: string, flow: Flow) => void;

const closers: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0)) await close();
});

const CORE = { transport: 'tcp', name: 'core', address: '192.0.2.2', memoryOnly: true } as const;
const EDGE = { transport: 'tcp', name: 'edge', address: '192.0.2.1', memoryOnly: true } as const;

/** An edge and a core that meet in a hub, and the edge's flow to the core. */
const join = async (
  onEdge: OnMessage = () => {},
  onCore: OnMessage = () => {},
  options: MemoryHubOptions = {},
) => {
  const hub = new MemoryHub(options);
  const core = await startNode(CORE, { hub, onMessage: onCore });
  const edge = await startNode(EDGE, { hub, onMessage: onEdge });
  closers.push(() => edge.node.close(), () => core.node.close()); // prettier-ignore
  const target = { transport: 'tcp', address: CORE.address, port: core.port } as const;
  return { hub, core, edge, target, flow: edge.node.flowTo(target, 'edge')! };
};

const raws = ({ recorder }: TestNode): string[] =>
  recorder.heard.flatMap((heard) => (heard.kind === 'message' ? [heard.raw] : []));

it('never delivers inside the processing of another message, and everything in the same turn', async () => {
  let depth = 0;
  const log: string[] = [];
  const answering =
    (name: string): OnMessage =>
    (raw, flow) => {
      expect(++depth).toBe(1);
      log.push(`${name} ${raw}`);
      if (Number(raw) < 6) {
        flow.send(String(Number(raw) + 1));
        flow.send(String(Number(raw) + 100));
      }
      depth -= 1;
    };
  const { flow } = await join(answering('edge'), answering('core'));
  let turns = 0;
  setImmediate(() => (turns += 1));
  flow.send('1');
  expect(log).toEqual([]);
  await Promise.resolve();
  await new Promise<void>((resolve) => process.nextTick(resolve));
  expect(turns).toBe(0);
  expect(log).toEqual(['core 1', 'edge 2', 'edge 101', 'core 3', 'core 102', 'edge 4', 'edge 103', 'core 5', 'core 104',
    'edge 6', 'edge 105']); // prettier-ignore
});

it('hands the very string on', async () => {
  const { flow, core } = await join();
  const text = request('a', 'x'.repeat(100_000));
  flow.send(text);
  expect((await core.recorder.next('message')).raw).toBe(text);
});

it('has one connection for both directions, and looks like TCP on both', async () => {
  const { flow, core, edge, target } = await join();
  flow.send('a');
  const { flow: far } = await core.recorder.next('message');
  expect(flow).toMatchObject({ transport: 'tcp', reliable: true, listener: 'edge', remotePort: core.port });
  expect(far).toMatchObject({ transport: 'tcp', reliable: true, listener: 'core', remotePort: edge.port });
  expect(far.connectionId).not.toBe(flow.connectionId);
  expect(edge.node.flowTo(target, 'edge')).toBe(flow);
  expect(core.node.flowTo({ ...target, address: EDGE.address, port: edge.port }, 'core')).toBe(far);
  expect(edge.node.flowOf({ ...flow, transport: 'tcp', listener: 0 })).toBe(flow);
});

it('delivers what was sent before the close, then tells both sides once', async () => {
  const { flow, core, edge, target } = await join();
  flow.send('a');
  flow.send('b');
  flow.close();
  flow.close();
  expect(flow.closed).toBe(true);
  expect(flow.send('c')).toBe(false);
  const { flow: far } = await core.recorder.next('closed');
  expect(raws(core)).toEqual(['a', 'b']);
  expect(far.closed).toBe(true);
  far.close();
  expect((await edge.recorder.next('closed')).flow).toBe(flow);
  await settle();
  expect([core.recorder.count('closed'), edge.recorder.count('closed')]).toEqual([0, 0]);
  const again = edge.node.flowTo(target, 'edge')!;
  expect(again).not.toBe(flow);
  expect(again.send('d')).toBe(true);
  await settle();
  expect(raws(core)).toEqual(['a', 'b', 'd']);
});

it('tells each side once when both close at the same time', async () => {
  const { flow, core, edge } = await join();
  flow.send('a');
  const { flow: far } = await core.recorder.next('message');
  flow.close();
  far.close();
  await settle();
  expect([core.recorder.count('closed'), edge.recorder.count('closed')]).toEqual([1, 1]);
});

it('closes the flows of a node that goes, and finds it no more', async () => {
  const { flow, core, edge, target } = await join();
  await core.node.close();
  expect((await edge.recorder.next('closed')).flow).toBe(flow);
  expect(edge.node.flowTo(target, 'edge')).toBeUndefined();
});

it('lets other input have its turn in a long exchange', async () => {
  const { hub, flow } = await join((raw, back) => void back.send(raw), (raw, back) => void back.send(raw)); // prettier-ignore
  for (let i = 0; i < 3; i++) flow.send('ball');
  // Without a bound on one drain this would never come back.
  await settle();
  await settle();
  expect(hub.waiting).toBe(3);
  flow.close();
});

it('keeps order over many drains, in both directions', async () => {
  const { flow, core, edge } = await join();
  flow.send('0');
  const { flow: far } = await core.recorder.next('message');
  const numbers = Array.from({ length: DRAIN_MESSAGES_MAX + 500 }, (_, i) => i);
  for (const i of numbers) {
    flow.send(`up ${i}`);
    if (i % 4 > 1) far.send(`down ${i}`);
  }
  while (core.recorder.heard.length < numbers.length) await settle();
  expect(raws(core)).toEqual(numbers.map((i) => `up ${i}`));
  expect(raws(edge)).toEqual(numbers.filter((i) => i % 4 > 1).map((i) => `down ${i}`));
});

it('refuses over its bound', async () => {
  const { flow, hub } = await join();
  for (let i = 0; i < HUB_QUEUE_MAX; i++) flow.send('x');
  expect(flow.send('x')).toBe(false);
  expect(hub.waiting).toBe(HUB_QUEUE_MAX);
  while (hub.waiting > 0) await settle();
  expect(flow.send('x')).toBe(true);
});

it('simulates a network that loses, repeats and delays', async () => {
  const clock = createFakeClock();
  const { flow, core } = await join(undefined, undefined, {
    clock,
    transform: (message) => {
      if (message === 'lost') return [];
      if (message === 'twice') return [{ message, delayMs: 0 }, { message, delayMs: 10 }]; // prettier-ignore
      return [{ message, delayMs: message === 'late' ? 20 : 0 }];
    },
  });
  for (const message of ['late', 'lost', 'twice', 'on time']) flow.send(message);
  await settle();
  expect(raws(core)).toEqual(['twice', 'on time']);
  clock.advance(10);
  await settle();
  clock.advance(10);
  await settle();
  expect(raws(core)).toEqual(['twice', 'on time', 'twice', 'late']);
});

it('is the way to a node of this process that has sockets too, on whatever address it is bound', async () => {
  const hub = new MemoryHub();
  const core = await startNode({ transport: 'tcp', name: 'core', address: '0.0.0.0' }, { hub });
  const edge = await startNode({ transport: 'tcp' }, { hub });
  closers.push(() => edge.node.close(), () => core.node.close()); // prettier-ignore
  const flow = edge.node.flowTo({ transport: 'tcp', address: '127.0.0.1', port: core.port }, 'edge')!;
  flow.send('no SIP at all');
  expect((await core.recorder.next('message')).raw).toBe('no SIP at all');
  expect(edge.node.flowTo({ transport: 'tcp', address: '127.0.0.1', port: 9 }, 'edge')).not.toBe(flow);
});

it('loses datagrams for a node that is gone', async () => {
  const hub = new MemoryHub();
  const core = await startNode({ ...CORE, transport: 'udp' }, { hub });
  const edge = await startNode({ ...EDGE, transport: 'udp' }, { hub });
  const flow = edge.node.flowTo({ transport: 'udp', address: CORE.address, port: core.port }, 'edge')!;
  flow.send('a');
  await core.recorder.next('message');
  await core.node.close();
  expect(flow.send('b')).toBe(true);
  await settle();
  expect(core.recorder.heard).toEqual([]);
  expect(flow.closed).toBe(false);
  await edge.node.close();
});

it('lets a node that is gone send nothing more', async () => {
  const hub = new MemoryHub();
  const core = await startNode({ ...CORE, transport: 'udp' }, { hub });
  const edge = await startNode({ ...EDGE, transport: 'udp' }, { hub });
  const target = { transport: 'udp', address: CORE.address, port: core.port } as const;
  await edge.node.close();
  expect(edge.node.flowTo(target, 'edge')).toBeUndefined();
  await core.node.close();
});
