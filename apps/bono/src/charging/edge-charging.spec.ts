// What the edge charges of each request, and what its mark in a dialog is good for.
import type { ChargingEvent } from '#libs/domain';
import { Edits, parseMessage, type SipMessage } from '#libs/sip';
import { createFakeClock } from '#libs/testkit';
import { charged, SignedEdgeCharging } from './edge-charging.js';

const KEY = Buffer.alloc(32, 7);
const CDF = 'cdf.ims.test';

type Parts = Readonly<{ from?: string; to?: string; callId?: string; more?: string }>;
const request = (method: string, { from = 'a1', to = '', callId = 'c1@h', more = '' }: Parts = {}): SipMessage => {
  const tag = (one: string): string => (one === '' ? '' : `;tag=${one}`);
  const parsed = parseMessage(
    `${method} sip:bob@10.0.0.2 SIP/2.0\r\nVia: SIP/2.0/TCP h;branch=z9hG4bK1\r\nFrom: <sip:alice@ims.test>${tag(from)}\r\n` +
      `To: <sip:bob@ims.test>${tag(to)}\r\nCall-ID: ${callId}\r\nCSeq: 1 ${method}\r\n${more}Content-Length: 0\r\n\r\n`,
  );
  if (!parsed.ok) throw new Error(parsed.reason);
  return parsed.message;
}; // prettier-ignore

const newEdge = (key = KEY) => {
  const clock = createFakeClock(1_000_000);
  const facts: string[] = [];
  const told: ChargingEvent[] = [];
  const note = (stream: string, events: readonly ChargingEvent[]): void => {
    for (const event of events) {
      const { causeCode, method } = event.data as { causeCode?: number; method?: string };
      const node = stream.split('/').slice(2).join('/');
      facts.push([node, event.type, method, causeCode].filter((word) => word !== undefined).join(' '));
      told.push(event);
    }
  };
  const charging = new SignedEdgeCharging(
    { facts: { note }, clock, random: { token: () => 'drawn' } },
    key,
    CDF,
  );
  const ABOUT = { icid: 'i1', callingParty: ['sip:alice@ims.test'], calledParty: 'sip:bob@ims.test' };
  const fromClient = (of: SipMessage, about = ABOUT) => charging.fromClient(of, new Edits(of), about);
  return { clock, facts, told, charging, fromClient };
};

const TOKEN = 'flow-1';
/** This edge's own Routes of a dialog, as either side sends them. */
const routesOf = (mark: string | undefined, token = TOKEN): readonly string[] => [
  `sip:10.0.0.9:5058;transport=tcp;lr;charge=${mark}`,
  `sip:${token}@10.0.0.9:5060;transport=udp;lr`,
];

describe('outside dialogs', () => {
  it.each([
    ['INVITE', 200, 'pcscf/orig ChargingStarted INVITE'],
    ['INVITE', 486, 'pcscf/orig ChargingEventRecorded INVITE 486'],
    ['INVITE', 407, undefined],
    ['REGISTER', 200, 'pcscf/orig ChargingEventRecorded REGISTER -1'],
    ['REGISTER', 401, undefined],
    ['REGISTER', 403, 'pcscf/orig ChargingEventRecorded REGISTER 403'],
    ['MESSAGE', 202, 'pcscf/orig ChargingEventRecorded MESSAGE -1'],
    ['PUBLISH', 200, 'pcscf/orig ChargingEventRecorded PUBLISH -1'],
    ['SUBSCRIBE', 200, 'pcscf/orig ChargingEventRecorded SUBSCRIBE -1'],
    ['OPTIONS', 200, undefined],
    ['REFER', 202, undefined],
  ])('%s answered %i', (method, status, fact) => {
    const { facts, fromClient } = newEdge();
    fromClient(request(method))?.completed(status);
    expect(facts).toEqual(fact === undefined ? [] : [fact]);
  });

  it('tells the end of a registration and of a subscription as such', () => {
    const { facts, fromClient } = newEdge();
    fromClient(request('REGISTER'))?.completed(200, true);
    fromClient(request('SUBSCRIBE', { more: 'Expires: 0\r\n' }))?.completed(200);
    fromClient(request('NOTIFY', { more: 'Subscription-State: terminated;reason=timeout\r\n' }))?.completed(200); // prettier-ignore
    expect(facts.map((fact) => fact.split(' ').at(-1))).toEqual(['-3', '-2', '-2']);
  });

  it('says who, when, and whom the records are for, there and to the core', () => {
    const { clock, told, fromClient } = newEdge();
    const invite = request('INVITE');
    const charge = fromClient(invite);
    clock.advance(2_500);
    charge?.completed(200);
    expect(told[0]?.data).toEqual({
      icid: 'i1',
      callId: 'c1@h',
      nodeFunctionality: 1,
      role: 0,
      method: 'INVITE',
      callingParty: ['sip:alice@ims.test'],
      calledParty: 'sip:bob@ims.test',
      ccf: [CDF],
      ecf: [],
      requestAtMs: 1_000_000,
      answerAtMs: 1_002_500,
    });
    const edits = new Edits(invite);
    newEdge().charging.fromClient(invite, edits, { icid: 'i1', callingParty: [], calledParty: '' });
    expect(edits.render()).toContain(`P-Charging-Function-Addresses: ccf=${CDF}\r\n`);
  });

  it('tells two devices of one user apart, whatever they answer at the same moment', () => {
    const streams = new Set<string>();
    const facts = { note: (stream: string) => void streams.add(stream) };
    const charging = new SignedEdgeCharging({ facts, clock: createFakeClock(), random: { token: () => 'x' } }, KEY, CDF);
    for (const method of ['INVITE', 'MESSAGE'])
      for (const token of ['flow-1', 'flow-2'])
        charging.toClient(request(method), { token, popped: [] })?.completed(480);
    // A call and a message of one Call-ID would be one stream a device, which nobody sends.
    expect(streams.size).toBe(2);
  }); // prettier-ignore

  it('takes who calls and who is called from the core, on the way to a client', () => {
    const { told, charging } = newEdge();
    const more = 'P-Charging-Vector: icid-value=i9\r\nP-Asserted-Identity: <tel:+1555>\r\nP-Called-Party-ID: <sip:b@ims.test>\r\n'; // prettier-ignore
    const charge = charging.toClient(request('MESSAGE', { more }), { token: TOKEN, popped: [] });
    charge?.completed(200);
    expect(told[0]?.data).toMatchObject({ icid: 'i9', role: 1, callingParty: ['tel:+1555'], calledParty: 'sip:b@ims.test' }); // prettier-ignore
    expect(charge?.vector).toBe('icid-value=i9');
  });
});

describe('in a dialog', () => {
  const begun = (edge = newEdge()) => ({ ...edge, mark: edge.fromClient(request('INVITE'))?.mark });

  it.each([
    ['BYE', 200, 'pcscf/orig ChargingStopped 0'],
    ['BYE', 408, 'pcscf/orig ChargingStopped 0'],
    ['INVITE', 200, 'pcscf/orig ChargingContinued INVITE'],
    ['UPDATE', 200, 'pcscf/orig ChargingContinued UPDATE'],
    ['UPDATE', 491, undefined],
    ['INFO', 200, undefined],
    ['MESSAGE', 200, 'pcscf/orig ChargingEventRecorded MESSAGE -1'],
  ])('%s of either party answered %i', (method, status, fact) => {
    for (const parts of [
      { from: 'a1', to: 'b1' },
      { from: 'b1', to: 'a1' },
    ]) {
      const { facts, charging, mark } = begun();
      charging.inDialog(request(method, parts), routesOf(mark), 0)?.completed(status);
      expect(facts).toEqual(fact === undefined ? [] : [fact]);
    }
  });

  it('knows the session of an earlier life, and writes it to the same stream', () => {
    const streams: string[] = [];
    const facts = { note: (stream: string) => void streams.push(stream) };
    const life = () =>
      new SignedEdgeCharging({ facts, clock: createFakeClock(), random: { token: () => 'x' } }, KEY, CDF);
    const invite = request('INVITE', { more: 'P-Charging-Vector: icid-value="i/1"\r\n' });
    const charge = life().toClient(invite, { token: TOKEN, popped: [] });
    charge?.completed(200);
    const bye = request('BYE', { to: 'b1' });
    life()
      .toClient(bye, { token: TOKEN, popped: routesOf(charge?.mark) })
      ?.completed(200);
    expect(streams).toHaveLength(2);
    expect(streams[1]).toBe(streams[0]);
  });

  it('takes nobody’s word but its own: another dialog, another flow, another call, another key', () => {
    const { facts, charging, mark = '' } = begun();
    const bye = (parts: Parts, routes = routesOf(mark), of = charging) =>
      of.inDialog(request('BYE', { to: 'b1', ...parts }), routes, 0)?.completed(200);
    bye({ callId: 'c2@h' });
    bye({ from: 'x1', to: 'b1' });
    bye({}, routesOf(mark.replace(/i1$/, 'i2')));
    bye({}, routesOf(mark.replace(/^o/, 'e')));
    bye({}, routesOf('o'));
    bye({}, ['sip:10.0.0.9:5058;lr']);
    const other = newEdge(Buffer.alloc(32, 8));
    bye({}, routesOf(mark), other.charging);
    const atCallee = charging.toClient(request('INVITE'), { token: TOKEN, popped: [] })?.mark;
    bye({}, routesOf(atCallee, 'flow-2'));
    expect([...facts, ...other.facts]).toEqual([]);
    bye({}, routesOf(atCallee));
    expect(facts).toEqual(['pcscf/term ChargingStopped 0']);
  });

  it('is no session where it is a subscription: BYE ends none', () => {
    const { facts, charging, fromClient } = newEdge();
    const mark = fromClient(request('SUBSCRIBE'))?.mark;
    charging.inDialog(request('BYE', { to: 'b1' }), routesOf(mark), 0)?.completed(200);
    charging.toClient(request('NOTIFY', { from: 'b1', to: 'a1' }), { token: TOKEN, popped: routesOf(mark) })?.completed(200); // prettier-ignore
    expect(facts).toEqual(['pcscf/term ChargingEventRecorded NOTIFY -1']);
  });

  it('ends where the client is gone', () => {
    const { facts, charging } = newEdge();
    const mark = charging.toClient(request('INVITE'), { token: TOKEN, popped: [] })?.mark;
    charging.undelivered(request('INVITE'), [], 430);
    charging.undelivered(request('BYE', { to: 'b1' }), routesOf(mark), 430);
    expect(facts).toEqual(['pcscf/term ChargingStopped 0']);
  });
});

it('costs nothing where nothing is charged', () => {
  const user = {};
  expect(charged(user, undefined)).toBe(user);
});
