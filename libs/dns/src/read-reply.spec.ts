import fc from 'fast-check';
import type { DnsReply, ReplyRecord } from './dns.port.js';
import { ALIASES_MAX, readReply, RECORDS_MAX, TTL_S_MAX } from './read-reply.js';

const a = (name: string, ttlS: number, address = '10.0.0.1'): ReplyRecord => ({
  name,
  ttlS,
  record: { type: 'A', address },
});
const alias = (name: string, ttlS: number, to: string): ReplyRecord => ({ name, ttlS, alias: to });
const reply = (...records: ReplyRecord[]): DnsReply => ({ exists: true, records, negativeTtlS: 100 });

it('follows aliases, and holds as long as the shortest of them', () => {
  const chain = reply(
    a('c.test', 60),
    alias('a.test', 30, 'b.test'),
    alias('b.test', 90, 'c.test'),
    a('other.test', 1, '10.9.9.9'),
  );
  expect(readReply(chain, 'a.test', 'A')).toEqual({
    answer: { kind: 'found', records: [{ type: 'A', address: '10.0.0.1' }] },
    ttlS: 30,
  });
  expect(readReply(chain, 'a.test', 'AAAA')).toEqual({ answer: { kind: 'none' }, ttlS: 30 });
});

it('ends where aliases go in a circle, or on for too long', () => {
  expect(
    readReply(reply(alias('a.test', 9, 'b.test'), alias('b.test', 9, 'a.test')), 'a.test', 'A').answer,
  ).toEqual({ kind: 'none' });
  const long = Array.from({ length: ALIASES_MAX + 1 }, (_, i) => alias(`n${i}`, 9, `n${i + 1}`));
  expect(readReply(reply(...long, a(`n${ALIASES_MAX + 1}`, 9)), 'n0', 'A').answer).toEqual({ kind: 'none' });
  expect(readReply(reply(...long.slice(1), a(`n${ALIASES_MAX + 1}`, 9)), 'n1', 'A').answer.kind).toBe(
    'found',
  );
});

it('is bounded in records and in time', () => {
  const many = reply(...Array.from({ length: 300 }, (_, i) => a('a.test', 2 ** 31 - 1, `10.0.0.${i % 250}`)));
  const { answer, ttlS } = readReply(many, 'a.test', 'A');
  expect(answer.kind === 'found' && answer.records.length).toBe(RECORDS_MAX);
  expect(ttlS).toBe(TTL_S_MAX);
});

it('never says of another name what it was not asked', () => {
  const names = fc.constantFrom('a.test', 'b.test', 'c.test');
  const record = fc.oneof(
    fc.record({
      name: names,
      ttlS: fc.nat(1000),
      record: fc.record({ type: fc.constant('A' as const), address: names }),
    }),
    fc.record({ name: names, ttlS: fc.nat(1000), alias: names }),
  );
  fc.assert(
    fc.property(fc.array(record), (records) => {
      const { answer, ttlS } = readReply(reply(...records), 'a.test', 'A');
      const reached = new Set(['a.test']);
      for (let i = 0; i < 3; i++)
        for (const one of records) if ('alias' in one && reached.has(one.name)) reached.add(one.alias);
      const possible = records.filter((one) => !('alias' in one) && reached.has(one.name));
      if (answer.kind === 'found') {
        expect(possible.length).toBeGreaterThan(0);
        expect(ttlS).toBeGreaterThanOrEqual(Math.min(...records.map((one) => one.ttlS)));
      } else expect(records.some((one) => !('alias' in one) && one.name === 'a.test')).toBe(false);
    }),
  );
});
