// What clients see of Rogers on real servers: a plain text session, the packages `memcached` (text) and `memjs` (binary).
import { promisify } from 'node:util';
import { jest } from '@jest/globals';
import Memcached from 'memcached';
import memjs from 'memjs';
import { type RealEngine, startRealEngine } from '#libs/testkit';
import { type Node, settled, startNode, talk } from './rogers.fixture.js';

jest.setTimeout(60_000);

let engine: RealEngine;
let nodes: readonly Node[];

beforeAll(async () => {
  engine = await startRealEngine('memcached', 2);
  const topology = { servers: engine.endpoints, replicas: 2, revision: 0 };
  nodes = await Promise.all([startNode(() => topology), startNode(() => topology)]);
  await settled(nodes);
});
afterAll(async () => {
  await Promise.all(nodes.map((node) => node.stop()));
  await engine.stop();
});
const port = (n: number): number => nodes[n]!.port;

describe('a text session', () => {
  it('is answered as memcached does', async () => {
    const answer = await talk(
      port(0),
      'set a 7 0 3\r\nabc\r\nget a b\r\ngets a\r\nversion\r\nmg a v f\r\ndelete a\r\nget a\r\nfoo\r\nincr a 1\r\nget rogers//1\r\n',
    );
    expect(answer.replace(/3 \d{10,}\r/, '3 N\r')).toBe(
      'STORED\r\nVALUE a 7 3\r\nabc\r\nEND\r\nVALUE a 7 3 N\r\nabc\r\nEND\r\nVERSION 1.6.0_rogers\r\nVA 3 f7\r\nabc\r\n' +
        'DELETED\r\nEND\r\nERROR\r\nSERVER_ERROR not supported\r\nCLIENT_ERROR bad key\r\n',
    );
  });

  it('keeps the order of what is sent at once, also over one key', async () => {
    const sets = Array.from({ length: 200 }, (_, n) => `set k 0 0 ${String(n).length}\r\n${n}\r\nget k\r\n`);
    const answer = await talk(port(0), sets.join(''));
    const values = [...answer.matchAll(/VALUE k 0 \d+\r\n(\d+)\r\n/g)].map(([, value]) => Number(value));
    expect(values).toEqual(Array.from({ length: 200 }, (_, n) => n));
  });

  it('takes a value of nearly 1 MiB, refuses more, and goes on', async () => {
    const set = (key: string, size: number): string => `set ${key} 0 0 ${size}\r\n${'x'.repeat(size)}\r\n`;
    const answer = await talk(port(0), `${set('big', 1_048_000)}${set('large', 1_048_577)}version\r\n`);
    expect(answer).toBe('STORED\r\nSERVER_ERROR object too large for cache\r\nVERSION 1.6.0_rogers\r\n');
    expect(await talk(port(1), 'mg big s\r\nmg large s\r\n')).toBe('HD s1048000\r\nEN\r\n');
  });

  it('tells what it does', async () => {
    expect(await talk(port(0), 'stats\r\n')).toMatch(/STAT vbuckets_behind 0\r\n[^]*END\r\n$/);
  });
});

describe('the package memcached', () => {
  it('reads and writes through either of two', async () => {
    const [one, other] = [0, 1].map(
      (n) => new Memcached(`127.0.0.1:${port(n)}`, { retries: 0, timeout: 2_000 }),
    );
    const client = (which: Memcached | undefined) => ({
      set: promisify(which!.set.bind(which)),
      get: promisify(which!.get.bind(which)),
      gets: promisify(which!.gets.bind(which)),
      cas: promisify(which!.cas.bind(which)),
      add: promisify(which!.add.bind(which)),
      del: promisify(which!.del.bind(which)),
      touch: promisify(which!.touch.bind(which)),
    });
    const [here, there] = [client(one), client(other)];
    expect(await here.set('key', 'one', 60)).toBe(true);
    const { cas } = (await there.gets('key')) as { cas: string };
    expect(await here.cas('key', 'two', cas, 60)).toBe(true);
    expect(await there.cas('key', 'three', cas, 60).catch(() => false)).toBe(false);
    expect(await there.get('key')).toBe('two');
    expect(await there.touch('key', 100)).toBe(true);
    expect(await here.add('key', 'x', 60).catch(() => false)).toBe(false);
    expect(await here.del('key')).toBe(true);
    expect(await there.get('key')).toBeUndefined();
    one?.end();
    other?.end();
  });
});

describe('the package memjs', () => {
  it('reads and writes in the binary dialect', async () => {
    const client = memjs.Client.create(`127.0.0.1:${port(0)}`, { retries: 0, timeout: 2 });
    const other = memjs.Client.create(`127.0.0.1:${port(1)}`, { retries: 0, timeout: 2 });
    expect(await client.set('bin', Buffer.from([0, 255, 13, 10]), { expires: 60 })).toBe(true);
    const { value } = await other.get('bin');
    expect([...(value ?? [])]).toEqual([0, 255, 13, 10]);
    expect(await client.add('bin', 'x', { expires: 60 }).catch(() => false)).toBe(false);
    expect(await client.replace('bin', 'y', { expires: 60 })).toBe(true);
    expect((await other.get('bin')).value?.toString()).toBe('y');
    expect(await client.delete('bin')).toBe(true);
    expect((await other.get('bin')).value).toBeNull();
    expect(JSON.stringify(await promisify(client.stats.bind(client))())).toContain('127.0.0.1');
    client.close();
    other.close();
  });

  it('is told of what is not supported, and stays connected', async () => {
    const client = memjs.Client.create(`127.0.0.1:${port(0)}`, { retries: 0, timeout: 2 });
    await client.increment('n', 1, {}).catch(() => undefined);
    expect(await client.set('after', 'z', {})).toBe(true);
    client.close();
  });
});
