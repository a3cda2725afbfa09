// The pool never gives one number twice: 10,000 requests at once, at two nodes on one log, each with a pool and a view of its own.
import fc from 'fast-check';
import { createMemoryLog, type RecordedEvent } from '#libs/event-log';
import type { HttpRequest, HttpResponse } from '#libs/http-pool';
import { createMemoryTableStore } from '#libs/stores';
import { createFakeClock, createSeededRandom } from '#libs/testkit';
import { LinesByAccount, type LinesRow } from '#projections/lines-by-account';
import type { EllisContext } from '../context.js';
import { openPools } from '../ellis.js';
import { EllisFault } from '../outcome.js';
import { Turns } from '../turns.js';
import { LINES_AT_ONCE_MAX, makeLine } from './make-line.js';
import { NumberPool } from './number-pool.js';

const random = createSeededRandom(11);
const clock = createFakeClock();

/** Takes everything; knows nobody. */
const neighbour = {
  request({ method, path }: HttpRequest): Promise<HttpResponse> {
    const absent = path.startsWith('/public/') ? 'no such public identity' : 'no such private identity';
    if (method === 'GET')
      return Promise.resolve({ status: 404, headers: {}, body: JSON.stringify({ reason: absent }) });
    if (method === 'POST') return Promise.resolve({ status: 201, headers: { location: '/irs/x' }, body: '' });
    return Promise.resolve({ status: 200, headers: {}, body: '{}' });
  },
};

const nodesOn = async (numberRanges: readonly string[], count: number) => {
  const log = await createMemoryLog({ clock, random });
  const settings = {
    homeDomain: 'ims.test', signupCode: '', url: '', numbersPerAccountMax: 1, websocketUrls: [],
  }; // prettier-ignore
  const node = async (): Promise<EllisContext> => {
    const table = createMemoryTableStore<LinesRow>({ name: 'lines' });
    const lines = new LinesByAccount({ table, readStream: (stream, from) => log.read(stream, from) });
    const onBatch = (events: readonly RecordedEvent[]) => lines.apply(events);
    await log.subscribe({ topics: ['accounts'], group: 'lines', startAt: 'newest', onBatch });
    const pools = await openPools({ lines, random, settings }, { numberRanges, pstnNumberRanges: [] });
    const turns = new Turns({
      clock,
      runningMax: LINES_AT_ONCE_MAX,
      waitingMax: 10_000,
      waitingMsMax: 60_000,
      reason: 'too many',
    });
    const ports = {
      log,
      lines,
      pools,
      turns,
      clock,
      random,
      settings,
      provisioning: neighbour,
      homer: neighbour,
    };
    return ports as unknown as EllisContext;
  };
  const nodes = await Promise.all(Array.from({ length: count }, node));
  /** By the log, which outlives all nodes. */
  const taken = async (): Promise<string[]> => {
    const found: string[] = [];
    for await (const { event, stream } of log.readAll(['accounts'], 'oldest'))
      if (event.type === 'NumberAllocated') found.push(stream);
    return found;
  };
  return { nodes, taken };
};

const ask = (node: EllisContext, n: number) =>
  makeLine(node, { account: `a${n}@x`, by: `a${n}@x`, pstn: false });

it('gives 10,000 requests at once a number each, and the next one none', async () => {
  const { nodes, taken } = await nodesOn(['6505550000-6505559999'], 1);
  const [node] = nodes;
  const made = await Promise.all(Array.from({ length: 10_000 }, (_, n) => ask(node!, n)));
  expect(new Set(made.map(({ line }) => line.number)).size).toBe(10_000);
  await expect(ask(node!, 0)).rejects.toThrow('at most');
  await expect(ask(node!, 10_000)).rejects.toThrow('no numbers are available');
  const all = await taken();
  expect([all.length, new Set(all).size]).toEqual([10_000, 10_000]);
}, 60_000);

it('gives no number twice at two nodes that draw from the same ones at once', async () => {
  const { nodes, taken } = await nodesOn(['100-399'], 2);
  const made = await Promise.all(Array.from({ length: 300 }, (_, n) => ask(nodes[n % 2]!, n)));
  expect(new Set(made.map(({ line }) => line.number)).size).toBe(300);
  await expect(ask(nodes[0]!, 300)).rejects.toThrow(EllisFault);
  const all = await taken();
  expect([all.length, new Set(all).size]).toEqual([300, 300]);
}, 60_000);

describe('a pool', () => {
  it('draws each of its numbers once, in no order, and what was given back again', () => {
    const pool = new NumberPool(['0098-0103', '+49'], 'ims.test', random);
    const drawn = Array.from({ length: 7 }, () => pool.draw());
    expect(drawn.toSorted()).toEqual([
      'sip:+49@ims.test',
      ...['0098', '0099', '0100', '0101', '0102', '0103'].map((user) => `sip:${user}@ims.test`),
    ]);
    expect(drawn).not.toEqual(drawn.toSorted());
    expect(pool.draw()).toBeUndefined();
    pool.note('sip:0100@ims.test', false);
    expect([pool.draw(), pool.draw()]).toEqual(['sip:0100@ims.test', undefined]);
  });

  it('agrees with a set, whatever is noted in whatever order', () => {
    const uris = Array.from({ length: 8 }, (_, n) => `sip:${100 + n}@ims.test`);
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.nat(9), fc.constantFrom('take', 'free', 'draw'))), (steps) => {
        const pool = new NumberPool(['100-107'], 'ims.test', random);
        const free = new Set(uris);
        for (const [n, what] of steps) {
          const uri = uris[n] ?? 'sip:stranger@ims.test';
          if (what === 'draw') {
            const drawn = pool.draw();
            expect(drawn === undefined ? free.size === 0 : free.delete(drawn)).toBe(true);
          } else {
            pool.note(uri, what === 'take');
            if (what === 'take') free.delete(uri);
            else if (uris.includes(uri)) free.add(uri);
          }
          expect(pool.freeCount).toBe(free.size);
        }
      }),
    );
  });

  it.each([['5-4'], ['100-99'], ['+1-1'], ['0-9999999999'], ['1-22']])('refuses %s', (range) => {
    expect(() => new NumberPool([range], 'ims.test', random)).toThrow(RangeError);
  });
});
