import fc from 'fast-check';
import { exptimeOf, open, seal } from './memcached-envelope.js';
import { placeVbuckets, vbucketOf, VBUCKETS, wireKeyFault, wireKeyOf } from './memcached-keys.js';

const SERVERS = ['10.0.0.1:11211', '10.0.0.2:11211', '10.0.0.3:11211'];

describe('names of keys', () => {
  it('are what memcached takes, and no two keys share one', () => {
    const names = new Map<string, string>();
    const key = fc.oneof(
      fc.string({ unit: 'binary' }).filter((text) => text.isWellFormed()),
      fc.constantFrom('', '!1', '*x', 'a b', 'a%20b', "a'b", 'é', 'e\u0301', 'K', 'k', 'x'.repeat(300)),
    );
    fc.assert(
      fc.property(key, (text) => {
        const name = wireKeyOf('rows:', text);
        expect(name).toMatch(/^rows:[^\s\p{Cc}]*$/u);
        expect(name).not.toMatch(/^rows:!/);
        expect(Buffer.byteLength(name)).toBeLessThanOrEqual(250);
        expect(names.get(name) ?? text).toBe(text);
        names.set(name, text);
      }),
      { numRuns: 2_000 },
    );
  });

  it('are refused where they cannot be kept', () => {
    expect(wireKeyFault('rows', '\ud800')).toBeInstanceOf(RangeError);
    expect(wireKeyFault('rows', 'x'.repeat(5_000))).toBeInstanceOf(RangeError);
    expect(wireKeyFault('rows', 'sip:alice@ims.test')).toBeUndefined();
  });
});

describe('places of vbuckets', () => {
  const named = (servers: readonly string[]) => placeVbuckets(servers).map((index) => servers[index]);

  it('do not depend on the order in which servers are listed', () => {
    expect(named([...SERVERS].reverse())).toEqual(named(SERVERS));
  });

  it('move with the server that goes or comes, and no others', () => {
    const before = named(SERVERS);
    const after = named(SERVERS.slice(0, 2));
    before.forEach((server, vbucket) => {
      if (server !== SERVERS[2]) expect(after[vbucket]).toBe(server);
    });
    const shares = SERVERS.map((server) => before.filter((one) => one === server).length);
    expect(Math.min(...shares)).toBeGreaterThan(VBUCKETS / 5);
  });

  it('take keys evenly', () => {
    const counts = new Array<number>(VBUCKETS).fill(0);
    for (let n = 0; n < 128_000; n += 1) counts[vbucketOf(`rows:sip:user${n}@ims.test`)]! += 1;
    expect(Math.min(...counts)).toBeGreaterThan(800);
    expect(Math.max(...counts)).toBeLessThan(1_200);
  });
});

describe('times to live', () => {
  const NOW_MS = 1_750_000_000_500;

  it('are kept at least as long, by a date beyond 30 days', () => {
    expect(exptimeOf(0, NOW_MS)).toBe(-1);
    expect(exptimeOf(-5, NOW_MS)).toBe(-1);
    expect(exptimeOf(0.5, NOW_MS)).toBe(3);
    expect(exptimeOf(2_592_000 - 2, NOW_MS)).toBe(2_592_000);
    expect(exptimeOf(2_592_000 - 1, NOW_MS)).toBe(1_750_000_001 + 2_592_001);
    expect(exptimeOf(Infinity, NOW_MS)).toBe(0);
    expect(exptimeOf(1e12, NOW_MS)).toBe(0);
  });
});

describe('the envelope', () => {
  it('gives back any text, in one line', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), fc.double({ noNaN: true, min: 0 }), (text, expiresAtMs) => {
        const sealed = seal({ expiresAtMs, text });
        expect(sealed).not.toMatch(/[\r\n]/);
        expect(open(sealed)).toEqual({ expiresAtMs, text });
      }),
    );
    expect(open('what somebody else wrote')).toBeUndefined();
    expect(open(seal({ expiresAtMs: Infinity, text: 'END\r\n' }))).toEqual({
      expiresAtMs: Infinity,
      text: 'END\r\n',
    });
  });
});
