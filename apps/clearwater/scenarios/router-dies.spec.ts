// A router that dies while an application server has its request (docs/architecture.md §2, §6): two routers behind one name, one log,
// one store of chains. Played on the whole core in a simulated world, with sockets between all.
import type { RecordedEvent } from '#libs/event-log';
import type { SproutConfig } from '#apps/sprout';
import { callersDialog, type Exchange, type Phone, type Reply } from '#libs/phone';
import { H, type SipMessage, values } from '#libs/sip';
import { createWorld, type World, type WorldNode } from '../sim/world.js';
import { ApplicationServer, type GivesBack } from './application-server.js';
import { criteriaXml } from './criteria-xml.js';

const BOB = 'sip:bob@ims.test';

type Play = Readonly<{
  world: World;
  alice: Phone;
  bob: Phone;
  server: ApplicationServer;
  /** What the server was asked. */
  asked: readonly SipMessage[];
  /** What bob got, retransmissions aside. */
  rung: readonly string[];
  /** How bob answers his INVITEs, the latest last. */
  replies: readonly Reply[];
  /** Bob's phone says 180 at once. */
  rings: { atOnce: boolean };
  /** The router that sent this to the server, and the other. */
  router(request: SipMessage): WorldNode;
  other(request: SipMessage): WorldNode;
  /** Given back to another router. */
  elsewhere(request: SipMessage): GivesBack;
  close(): Promise<void>;
}>;

const play = async (
  seed: number,
  criteria = '0 INVITE orig',
  sprout: Partial<SproutConfig> = {},
): Promise<Play> => {
  const world = await createWorld({ seed, nodes: 2, isPool: true, joins: false, sprout });
  const asked: SipMessage[] = [];
  const { clock, random, hub, nodes } = world;
  const names = {
    'scscf.ims.test': nodes.map(({ address }) => ({ transport: 'tcp' as const, address, port: 5054 })),
  };
  const server = await ApplicationServer.start({ names, address: '10.1.0.51', clock, random, hub, onRequest: (request) => void asked.push(request) }); // prettier-ignore
  await world.subscriber('alice', criteriaXml([`${criteria} ${server.uri}`]));
  await world.subscriber('bob');
  const alice = await world.phone('alice', {}, 0);
  const bob = await world.phone('bob', {}, 1);
  for (const phone of [alice, bob]) await world.until(phone.register());
  const rung: string[] = [];
  const replies: Reply[] = [];
  const rings = { atOnce: true };
  const known = new Set<string>();
  bob.onTraffic = (direction, message) => {
    const { isRequest, method } = message;
    const branch = `${method} ${message.header(H.Via)}`;
    if (direction === 'out' || !isRequest || known.has(branch)) return;
    known.add(branch);
    rung.push(method);
  };
  bob.onRequest = ({ method }, reply) => {
    if (method !== 'INVITE') return method === 'ACK' ? undefined : reply(200);
    replies.push(reply);
    reply(rings.atOnce ? 180 : 100);
  };
  const isFrom = (request: SipMessage) => (node: WorldNode) =>
    values(request, H.Via)[0]!.includes(`${node.address}:`);
  const router = (request: SipMessage): WorldNode => nodes.find(isFrom(request))!;
  const other = (request: SipMessage): WorldNode => nodes.find((node) => !isFrom(request)(node))!;
  return {
    world,
    alice,
    bob,
    server,
    asked,
    rung,
    replies,
    rings,
    router,
    other,
    elsewhere: (request) => ({ kind: 'proxies', by: `${other(request).address}:5054` }),
    async close() {
      await server.close();
      await world.close();
    },
  };
};

const statuses = ({ responses }: Exchange): number[] =>
  responses.map(({ status }) => status).filter((status) => status > 100);

const typesOf = (events: readonly RecordedEvent[], family: string): string[] =>
  events.filter(({ stream }) => stream.startsWith(family)).map(({ event }) => event.type);

/** Bob answers the latest INVITE. */
const answers = ({ replies }: Play, status: number): void => replies.at(-1)!(status);

const PLAY_MS_MAX = 30_000;
const SEEDS = [1, 2, 3, 4];

describe('a router that dies while a server has its request', () => {
  it.each(SEEDS)(
    'before anybody rings: another goes on within 2 s, and the callee is rung once (seed %s)',
    async (seed) => {
      const on = await play(seed);
      const { world, alice, server, asked, rung, router, other } = on;
      server.behaviour = { kind: 'keeps' };
      const call = alice.request('INVITE', BOB);
      await world.advance(500);
      expect(asked).toHaveLength(1);
      server.behaviour = { kind: 'proxies' };
      router(asked[0]!).router.kill();
      await world.advance(2_000);
      expect(rung).toEqual(['INVITE']);
      expect(router(asked[1]!)).toBe(other(asked[0]!));
      // The first copy comes back late: its chain is over.
      server.giveBackKept({ kind: 'proxies', by: `${other(asked[0]!).address}:5054` });
      await world.advance(1_000);
      expect(rung).toEqual(['INVITE']);
      answers(on, 200);
      await world.advance(500);
      expect(statuses(call)).toEqual([180, 200]);
      await on.close();
    },
    PLAY_MS_MAX,
  );

  it.each(SEEDS)(
    'when it has come back to the other, before the caller hears of it: nobody rings twice at once (seed %s)',
    async (seed) => {
      const on = await play(seed);
      const { world, alice, server, asked, rung, rings, router, elsewhere } = on;
      rings.atOnce = false;
      server.behaviour = { kind: 'keeps' };
      const call = alice.request('INVITE', BOB);
      await world.advance(500);
      server.giveBackKept(elsewhere(asked[0]!));
      await world.advance(500);
      expect(rung).toEqual(['INVITE']);
      rings.atOnce = true;
      server.behaviour = { kind: 'proxies' };
      router(asked[0]!).router.kill();
      await world.advance(2_000);
      expect(rung).toEqual(['INVITE', 'CANCEL', 'ACK', 'INVITE']);
      answers(on, 200);
      await world.advance(500);
      expect(statuses(call).at(-1)).toBe(200);
      await on.close();
    },
    PLAY_MS_MAX,
  );

  it.each(SEEDS)(
    'after it rings: the caller is told at once, whoever rings is cancelled, and no START stays open (seed %s)',
    async (seed) => {
      const on = await play(seed);
      const { world, alice, server, asked, rung, router, elsewhere } = on;
      server.behaviour = { kind: 'keeps' };
      const call = alice.request('INVITE', BOB);
      await world.advance(500);
      server.giveBackKept(elsewhere(asked[0]!));
      await world.advance(500);
      expect(statuses(call)).toEqual([180]);
      router(asked[0]!).router.kill();
      await world.advance(100);
      expect(statuses(call)).toEqual([180, 500]);
      await world.advance(6_000);
      expect(rung).toEqual(['INVITE', 'CANCEL', 'ACK']);
      const events = await world.events();
      expect(typesOf(events, 'charging-')).not.toContain('ChargingStarted');
      expect(typesOf(events, 'call-')).toContain('CallFailed');
      await on.close();
    },
    PLAY_MS_MAX,
  );

  it.each(SEEDS)(
    'after it rings, the server having given it back to the same: the same (seed %s)',
    async (seed) => {
      const on = await play(seed);
      const { world, alice, server, asked, rung, router } = on;
      server.behaviour = { kind: 'keeps' };
      const call = alice.request('INVITE', BOB);
      await world.advance(500);
      const { address } = router(asked[0]!);
      server.giveBackKept({ kind: 'proxies', by: `${address}:5054` });
      await world.advance(500);
      router(asked[0]!).router.kill();
      await world.advance(1_000);
      expect(statuses(call)).toEqual([180, 500]);
      expect(rung).toEqual(['INVITE', 'CANCEL', 'ACK']);
      await on.close();
    },
    PLAY_MS_MAX,
  );

  it.each(SEEDS)(
    'once the dialog is there: it goes on by way of the other, and is charged to its end (seed %s)',
    async (seed) => {
      const on = await play(seed);
      const { world, alice, server, asked, rung, router, elsewhere } = on;
      server.behaviour = { kind: 'keeps' };
      const request = { from: `<sip:alice@ims.test>;tag=a1`, callId: 'c1' };
      const call = alice.call(BOB, request);
      await world.advance(500);
      server.giveBackKept({ ...elsewhere(asked[0]!), records: true });
      await world.advance(500);
      answers(on, 200);
      const { request: sent, answer } = await world.until(call);
      await world.advance(500);
      router(asked[0]!).router.kill();
      server.behaviour = { kind: 'proxies' };
      const bye = alice.inDialog('BYE', { request: sent, answer: answer as SipMessage }, 2)!;
      expect(await world.until(bye.final)).toMatchObject({ status: 200 });
      expect(rung).toEqual(['INVITE', 'ACK', 'BYE']);
      const charged = typesOf(await world.events(), 'charging-');
      expect(charged.filter((type) => type === 'ChargingStarted')).toHaveLength(2);
      expect(charged.filter((type) => type === 'ChargingStopped')).toHaveLength(2);
      await on.close();
    },
    PLAY_MS_MAX,
  );
});

it('a chain that comes back to another router goes on for the same user, by the same criteria and in the same call', async () => {
  const on = await play(1);
  const { world, alice, server, asked, rung, elsewhere } = on;
  server.behaviour = { kind: 'keeps' };
  const call = alice.request('INVITE', BOB);
  await world.advance(500);
  server.giveBackKept(elsewhere(asked[0]!));
  await world.advance(500);
  expect(rung).toEqual(['INVITE']);
  answers(on, 200);
  await world.advance(500);
  expect(statuses(call)).toEqual([180, 200]);
  const icid = /icid-value=([^;]+)/.exec(asked[0]!.header(H.PChargingVector)!)![1];
  const events = (await world.events()).filter(({ stream }) => stream.startsWith('call-'));
  expect(new Set(events.map(({ stream }) => stream))).toEqual(new Set([`call-${icid}`]));
  const served = events.find(({ event }) => event.type === 'OriginatingServed')!.event.data;
  expect(served).toMatchObject({ served: 'sip:alice@ims.test', registered: true, criteria: { evaluated: 1, matched: [{ priority: 0 }] } }); // prettier-ignore
  await on.close();
});

it.each(SEEDS)(
  'routers behind a name that tell servers their own addresses: requests within the dialog reach them (seed %s)',
  async (seed) => {
    const on = await play(seed, '0 INVITE orig', { iscByName: false });
    const { world, alice, rung } = on;
    const call = alice.request('INVITE', BOB);
    await world.advance(500);
    answers(on, 200);
    await world.advance(500);
    const dialog = callersDialog(call.request, call.responses.at(-1)!);
    alice.within(dialog, 'ACK');
    const asked = alice.within(dialog, 'INFO')!;
    await world.advance(500);
    expect(statuses(asked)).toEqual([200]);
    expect(rung).toEqual(['INVITE', 'ACK', 'INFO']);
    await on.close();
  },
  PLAY_MS_MAX,
);
