// The pool over fake connections and a fake clock: which address is asked, how often, and what becomes of bad ones.
import { createFakeClock, createSeededRandom } from '#libs/testkit';
import { createHttpPool, RECYCLE_AFTER_MS, RESOLVE_EVERY_MS } from './balanced.http-pool.js';
import { HttpFault, type HttpFaultKind, type HttpResponse, type Target } from './http-pool.port.js';
import { BLACKLIST_MS, GRAYLIST_MS, TARGETS_MAX } from './target-list.js';

type Behaviour = HttpFaultKind | Partial<HttpResponse>;

const setUp = (addresses: readonly string[] | (() => Promise<readonly string[]>), seed = 1) => {
  const clock = createFakeClock();
  const asked: string[] = [];
  const opened: string[] = [];
  const closed: string[] = [];
  const behaviour = new Map<string, Behaviour>();
  const pool = createHttpPool({
    url: 'http://homestead.ims.test:8888',
    clock,
    random: createSeededRandom(seed),
    resolve: typeof addresses === 'function' ? addresses : () => Promise.resolve(addresses),
    headers: { 'x-api-key': 'k' },
    transport: {
      open({ address, port }) {
        opened.push(`${address}:${port}`);
        return {
          request({ headers }) {
            asked.push(address);
            expect(headers).toMatchObject({ 'x-api-key': 'k' });
            const how = behaviour.get(address) ?? {};
            if (typeof how === 'string') return Promise.reject(new HttpFault(how));
            return Promise.resolve({ status: 200, headers: {}, body: address, ...how });
          },
          close() {
            closed.push(address);
            return Promise.resolve();
          },
        };
      },
    },
  });
  const get = (method: 'GET' | 'POST' = 'GET') => pool.request({ method, path: '/' });
  const statusOf = () =>
    get().then(
      ({ status }) => status,
      (error: unknown) => (error as HttpFault).kind,
    );
  return { clock, asked, opened, closed, behaviour, pool, get, statusOf };
};

const MANY = ['10.0.0.1', '10.0.0.2', '10.0.0.3', '10.0.0.4', '10.0.0.5', '10.0.0.6', '10.0.0.7'];

describe('choice', () => {
  it('spreads requests over all addresses', async () => {
    const { asked, get, opened } = setUp(MANY);
    for (let i = 0; i < 700; i++) await get();
    for (const address of MANY) {
      const share = asked.filter((one) => one === address).length;
      expect(share).toBeGreaterThan(60);
      expect(share).toBeLessThan(140);
    }
    expect(opened).toHaveLength(MANY.length);
  });

  it('tries at most five, and a single address twice', async () => {
    const many = setUp(MANY);
    for (const address of MANY) many.behaviour.set(address, 'unreachable');
    expect(await many.statusOf()).toBe('unreachable');
    expect(new Set(many.asked).size).toBe(TARGETS_MAX);
    const one = setUp(['10.0.0.1']);
    one.behaviour.set('10.0.0.1', 'broken');
    expect(await one.statusOf()).toBe('broken');
    expect(one.asked).toHaveLength(2);
  });
});

describe('what ends a request', () => {
  it.each([
    ['a 504', [{ status: 504 }], 504, 1],
    ['a 404', [{ status: 404 }], 404, 1],
    ['a 500', [{ status: 500 }], 500, 1],
    ['two 503', [{ status: 503 }], 503, 2],
    ['two time-outs', ['timeout'], 'timeout', 2],
    ['two broken connections', ['broken'], 'broken', 2],
  ] as const)('%s', async (_what, [how], outcome, tries) => {
    const { behaviour, asked, statusOf } = setUp(MANY);
    for (const address of MANY) behaviour.set(address, how);
    expect(await statusOf()).toBe(outcome);
    expect(asked).toHaveLength(tries);
  });

  it('an answer after a refused connection, a 503 or a time-out', async () => {
    for (const how of ['unreachable', 'timeout', { status: 503 }] as const) {
      const { behaviour, statusOf } = setUp(['10.0.0.1', '10.0.0.2']);
      behaviour.set('10.0.0.1', how);
      for (let i = 0; i < 10; i++) expect(await statusOf()).toBe(200);
    }
  });

  it('a POST that may have been carried out is not sent again; one that was refused is', async () => {
    const { behaviour, asked, get } = setUp(['10.0.0.1', '10.0.0.2']);
    behaviour.set('10.0.0.1', 'timeout').set('10.0.0.2', 'timeout');
    await expect(get('POST')).rejects.toMatchObject({ kind: 'timeout' });
    expect(asked).toHaveLength(1);
    behaviour.set('10.0.0.1', { status: 503 }).set('10.0.0.2', { status: 503 });
    expect((await get('POST')).status).toBe(503);
    expect(asked).toHaveLength(3);
  });
});

describe('an address that is leaving', () => {
  it('is believed, and left alone for 30 s; alone it is asked all the same', async () => {
    const { behaviour, asked, get } = setUp(['10.0.0.1', '10.0.0.2']);
    behaviour.set('10.0.0.1', { status: 201, headers: { connection: 'keep-alive, Close' } });
    const answers = new Set<number>();
    for (let i = 0; i < 40; i++) answers.add((await get()).status);
    expect(asked.filter((address) => address === '10.0.0.1')).toHaveLength(1);
    expect([...answers].sort()).toEqual([200, 201]);
    behaviour.set('10.0.0.2', { headers: { connection: 'close' } });
    for (let i = 0; i < 10; i++) expect((await get()).status).toBeLessThan(202);
    const only = setUp(['10.0.0.1']);
    only.behaviour.set('10.0.0.1', { headers: { connection: 'close' } });
    for (let i = 0; i < 3; i++) expect(await only.statusOf()).toBe(200);
    expect(only.asked).toHaveLength(3);
  });
});

describe('a bad address', () => {
  it('is left alone for 30 s, then on trial for 30 s', async () => {
    const { behaviour, asked, get, clock } = setUp(['10.0.0.1', '10.0.0.2']);
    const askedBad = async (requests: number) => {
      asked.length = 0;
      for (let i = 0; i < requests; i++) await get();
      return asked.filter((address) => address === '10.0.0.1').length;
    };
    behaviour.set('10.0.0.1', 'timeout');
    expect(await askedBad(20)).toBe(1);
    clock.advance(BLACKLIST_MS - 1);
    expect(await askedBad(20)).toBe(0);
    clock.advance(1);
    expect(await askedBad(20)).toBe(1);
    clock.advance(BLACKLIST_MS);
    behaviour.delete('10.0.0.1');
    expect(await askedBad(40)).toBeGreaterThan(5);
    behaviour.set('10.0.0.1', 'timeout');
    await askedBad(20);
    clock.advance(BLACKLIST_MS + GRAYLIST_MS);
    behaviour.delete('10.0.0.1');
    expect(await askedBad(40)).toBeGreaterThan(5);
  });

  it('that says 503 is left alone only when it says until when', async () => {
    for (const [headers, most] of [
      [{ 'retry-after': '5' }, 1],
      [{}, 40],
    ] as const) {
      const { behaviour, asked, get } = setUp(['10.0.0.1', '10.0.0.2']);
      behaviour.set('10.0.0.1', { status: 503, headers });
      for (let i = 0; i < 40; i++) await get();
      const count = asked.filter((address) => address === '10.0.0.1').length;
      expect(count).toBeLessThanOrEqual(most);
      if (most > 1) expect(count).toBeGreaterThan(5);
    }
  });

  it('is asked when there is no other', async () => {
    const { behaviour, statusOf } = setUp(['10.0.0.1']);
    behaviour.set('10.0.0.1', 'unreachable');
    expect(await statusOf()).toBe('unreachable');
    behaviour.delete('10.0.0.1');
    expect(await statusOf()).toBe(200);
  });
});

describe('addresses and connections', () => {
  it('without an address nothing is asked', async () => {
    expect(await setUp([]).statusOf()).toBe('unresolved');
    expect(await setUp(() => Promise.reject(new Error('SERVFAIL'))).statusOf()).toBe('unresolved');
  });

  it('go over TLS for https:, to the name of the URL wherever it is, and to nothing else', async () => {
    const opened: Target[] = [];
    const open = (target: Target) => {
      opened.push(target);
      return {
        request: () => Promise.resolve({ status: 200, headers: {}, body: '' }),
        close: () => Promise.resolve(),
      };
    };
    const parts = { clock: createFakeClock(), random: createSeededRandom(1), transport: { open } };
    const resolve = () => Promise.resolve(['10.0.0.1']);
    for (const url of ['https://homer.ims.test', 'https://[2001:db8::1]:7888', 'http://homer.ims.test'])
      await createHttpPool({ ...parts, url, resolve }).request({ method: 'GET', path: '/' });
    expect(opened).toEqual([
      { address: '10.0.0.1', port: 443, secureName: 'homer.ims.test' },
      { address: '10.0.0.1', port: 7888, secureName: '2001:db8::1' },
      { address: '10.0.0.1', port: 80 },
    ]);
    expect(() => createHttpPool({ ...parts, url: 'ftp://homer.ims.test', resolve })).toThrow(RangeError);
  });

  it('follow the name, and stay when the resolver fails', async () => {
    let answer: () => Promise<readonly string[]> = () => Promise.resolve(['10.0.0.1']);
    const { clock, get, closed } = setUp(() => answer());
    expect((await get()).body).toBe('10.0.0.1');
    answer = () => Promise.reject(new Error('SERVFAIL'));
    clock.advance(RESOLVE_EVERY_MS);
    expect((await get()).body).toBe('10.0.0.1');
    answer = () => Promise.resolve(['10.0.0.2']);
    await get();
    await get();
    expect((await get()).body).toBe('10.0.0.2');
    expect(closed).toEqual(['10.0.0.1']);
  });

  it('are replaced after 600 s, give or take a fifth', async () => {
    for (const seed of [1, 2, 3, 4]) {
      const { clock, get, opened, closed } = setUp(['10.0.0.1'], seed);
      await get();
      clock.advance(RECYCLE_AFTER_MS * 0.8 - 1);
      await get();
      expect(opened).toHaveLength(1);
      clock.advance(RECYCLE_AFTER_MS * 0.4 + 1);
      await get();
      expect([opened.length, closed.length]).toEqual([2, 1]);
    }
  });

  it('are closed with the pool, which then takes nothing', async () => {
    const { pool, get, closed, statusOf } = setUp(['10.0.0.1']);
    await get();
    await pool.close();
    expect(closed).toEqual(['10.0.0.1']);
    expect(await statusOf()).toBe('unreachable');
  });
});
