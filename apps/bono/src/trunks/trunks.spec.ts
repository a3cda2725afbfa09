// Which trunk a flow is of, where a URI leads, and how much each may ask for.
import type { Flow } from '#libs/sip';
import { readTrunks, type Trunk } from './trunk-file.js';
import { CALL_LASTS_MAX_MS, TrunkLoad } from './trunk-load.js';
import { Trunks } from './trunks.js';

const trunksOf = (...trunks: readonly object[]): readonly Trunk[] => {
  const result = readTrunks(JSON.stringify({ trunks }));
  if (!result.ok) throw new Error(result.reason);
  return result.value;
};
const flow = (remoteAddress: string, ...names: readonly string[]): Flow =>
  ({ remoteAddress, isOf: (name: string) => names.includes(name) }) as unknown as Flow;

const CARRIER = { name: 'carrier', addresses: ['10.9.0.0/24', '127.0.0.9'], peers: ['sip:sbc.carrier.test'] };
const BY_NAME = { name: 'by-name', certificates: ['sbc.other.test'] };
const BOTH = { name: 'both', certificates: ['sbc.both.test'], addresses: ['10.8.0.1'] };

it.each([
  ['its address', flow('10.9.0.7'), 'carrier'],
  ['its address, as a dual-stack socket shows it', flow('::ffff:10.9.0.7'), 'carrier'],
  ['another address', flow('10.7.0.1'), undefined],
  // A check of trusted peers takes this machine; a trunk is not everybody who is here.
  ['another address of this machine', flow('127.0.0.1'), undefined],
  ['its certificate', flow('192.0.2.1', 'sbc.other.test'), 'by-name'],
  ['its certificate from another address than its own', flow('192.0.2.1', 'sbc.both.test'), undefined],
  ['its address without its certificate', flow('10.8.0.1'), undefined],
  ['both', flow('10.8.0.1', 'sbc.both.test'), 'both'],
])('knows a trunk by %s', (_what, from, name) => {
  const trunks = new Trunks(trunksOf(CARRIER, BY_NAME, BOTH));
  expect(trunks.of(from)?.name).toBe(name);
  expect(trunks.of(from)?.name).toBe(name);
});

it('does not take a trunk that is called only for a source', () => {
  expect(
    new Trunks(trunksOf({ name: 'out', peers: ['sip:sbc.test'] })).of(flow('192.0.2.1')),
  ).toBeUndefined();
});

it.each([
  ['sip:+44@SBC.carrier.test:5080;user=phone', 'carrier'],
  ['sip:10.9.0.1:5060', 'carrier'],
  ['sip:x@sbc.other.test', 'by-name'],
  ['sip:x@10.7.0.1', undefined],
  ['tel:+44', undefined],
])('%s leads to %s', (uri, name) => {
  const trunks = new Trunks(trunksOf(CARRIER, BY_NAME));
  expect(trunks.at(uri)?.name).toBe(name);
  expect(trunks.leadsTo(trunks.named('carrier')!, uri)).toBe(name === 'carrier');
});

it('goes by what was read last, flows of before too', () => {
  const trunks = new Trunks(trunksOf(CARRIER));
  const from = flow('10.9.0.7');
  const other = flow('10.7.0.1');
  expect([trunks.of(from)?.name, trunks.of(other)]).toEqual(['carrier', undefined]);
  trunks.use(trunksOf({ name: 'moved', addresses: ['10.7.0.1'] }));
  expect([trunks.of(from), trunks.of(other)?.name]).toEqual([undefined, 'moved']);
});

it('counts calls in setup on when it is read anew', () => {
  const [first] = trunksOf({ ...CARRIER, callsInSetupMax: 2 });
  const trunks = new Trunks([first!]);
  const load = trunks.loadOf(first!, 0);
  expect(load.admits(true, 0)).toBe(true);
  const [second] = trunksOf({ ...CARRIER, callsInSetupMax: 1 });
  trunks.use([second!]);
  expect(trunks.loadOf(second!, 0).admits(true, 0)).toBe(false);
  load.settled('c1', false, 0);
  expect(trunks.loadOf(second!, 0).admits(true, 0)).toBe(true);
});

it('takes so many calls a second, and so many at a time', () => {
  const load = new TrunkLoad({ callsPerSecondMax: 3, callsInSetupMax: 2, callsMax: 100 }, 0);
  expect([1, 2, 3].map(() => load.admits(true, 0))).toEqual([true, true, false]);
  // What is no call is counted by the second only.
  expect([1, 2].map(() => load.admits(false, 0))).toEqual([true, false]);
  load.settled('c1', false, 0);
  expect([load.admits(true, 0), load.admits(true, 400)]).toEqual([false, true]);
  expect(load.inSetup).toBe(2);
});

describe('calls at once', () => {
  const load = (callsMax: number): TrunkLoad =>
    new TrunkLoad({ callsPerSecondMax: 100, callsInSetupMax: 100, callsMax }, 0);

  it('are so many of both directions together, in setup or answered', () => {
    const two = load(2);
    expect([two.admits(true, 0), two.admitsLeaving(0)]).toEqual([true, true]);
    expect([two.admits(true, 0), two.admitsLeaving(0)]).toEqual([false, false]);
    two.settled('in', true, 0);
    two.left('out', true, 0);
    expect([two.admits(true, 0), two.admitsLeaving(0), two.calls]).toEqual([false, false, 2]);
    // What is no call is none of these.
    expect(two.admits(false, 0)).toBe(true);
  });

  it('are fewer when one ends, or was not answered', () => {
    const one = load(1);
    one.admits(true, 0);
    one.settled('refused', false, 0);
    expect(one.admitsLeaving(0)).toBe(true);
    one.left('answered', true, 0);
    one.ended('another');
    expect(one.admits(true, 0)).toBe(false);
    one.ended('answered');
    one.ended('answered');
    expect([one.calls, one.admits(true, 0)]).toEqual([0, true]);
  });

  it('are counted no longer than calls last, where nobody was seen to end them', () => {
    const two = load(2);
    for (const [callId, atMs] of [
      ['lost', 0],
      ['newer', 1_000],
    ] as const) {
      two.admits(true, atMs);
      two.settled(callId, true, atMs);
    }
    expect(two.admits(true, CALL_LASTS_MAX_MS - 1)).toBe(false);
    expect(two.admits(true, CALL_LASTS_MAX_MS)).toBe(true);
    expect(two.admits(true, CALL_LASTS_MAX_MS)).toBe(false);
  });
});
