// The cache over servers that are functions and a clock that stands still.
import { createFakeClock } from '#libs/testkit';
import {
  ANSWERS_MAX, createDns, FAILURE_HOLD_MS, QUESTIONS_MAX, ROUNDS_MAX, SERVERS_MAX, STALE_S,
} from './cached-dns.js'; // prettier-ignore
import { DnsUnavailable, type DnsReply } from './dns.port.js';
import { parseHosts } from './hosts-file.js';

const servers = [1, 2, 3, 4].map((n) => ({ address: `192.0.2.${n}`, port: 53 }));
const address = (name: string, ttlS = 60, ip = '10.0.0.1'): DnsReply => ({
  exists: true,
  records: [{ name, ttlS, record: { type: 'A', address: ip } }],
  negativeTtlS: undefined,
});
const nothing = (negativeTtlS?: number): DnsReply => ({ exists: false, records: [], negativeTtlS });

const setUp = (answer: (name: string, server: string) => DnsReply | 'down', hosts = '') => {
  const clock = createFakeClock();
  const asked: string[] = [];
  let say = answer;
  const dns = createDns({
    servers,
    clock,
    hosts: parseHosts(hosts),
    exchange: {
      async ask(server, name, type) {
        asked.push(`${type} ${name} ${server.address}`);
        const reply = say(name, server.address);
        if (reply === 'down') throw new DnsUnavailable('down');
        return reply;
      },
    },
  });
  const say2 = (next: typeof answer) => (say = next);
  return { clock, asked, dns, answer: say2 };
};
const found = (ip: string) => ({ kind: 'found', records: [{ type: 'A', address: ip }] });

it('asks once while an answer holds, then again', async () => {
  const { dns, asked, clock } = setUp((name) => address(name, 60));
  expect(await dns.lookup('Sip.Example.COM.', 'A')).toEqual(found('10.0.0.1'));
  clock.advance(59_999);
  // At once: no promise.
  expect(dns.lookup('sip.example.com', 'A')).toEqual(found('10.0.0.1'));
  clock.advance(1);
  await dns.lookup('sip.example.com', 'A');
  expect(asked).toEqual(['A sip.example.com 192.0.2.1', 'A sip.example.com 192.0.2.1']);
});

it('asks every time where the time to live is 0, but once for those that ask together', async () => {
  const { dns, asked } = setUp((name) => address(name, 0));
  await Promise.all([dns.lookup('a.test', 'A'), dns.lookup('a.test', 'A'), dns.lookup('a.test', 'A')]);
  expect(asked).toHaveLength(1);
  await dns.lookup('a.test', 'A');
  expect(asked).toHaveLength(2);
});

it('remembers that there is nothing, for as long as the zone says and no longer than 300 s', async () => {
  const { dns, asked, clock, answer } = setUp(() => nothing(20));
  expect(await dns.lookup('a.test', 'SRV')).toEqual({ kind: 'none' });
  clock.advance(19_999);
  expect(dns.lookup('a.test', 'SRV')).toEqual({ kind: 'none' });
  clock.advance(1);
  answer(() => nothing(100_000));
  await dns.lookup('a.test', 'SRV');
  clock.advance(300_000);
  await dns.lookup('a.test', 'SRV');
  expect(asked).toHaveLength(3);
  answer(() => nothing());
  clock.advance(300_000);
  await dns.lookup('a.test', 'SRV');
  clock.advance(5_000);
  await dns.lookup('a.test', 'SRV');
  expect(asked).toHaveLength(5);
});

it('asks the next server where one does not answer, and stays with the one that did', async () => {
  const { dns, asked } = setUp((name, server) => (server === '192.0.2.2' ? address(name) : 'down'));
  expect(await dns.lookup('a.test', 'A')).toEqual(found('10.0.0.1'));
  await dns.lookup('b.test', 'A');
  expect(asked).toEqual(['A a.test 192.0.2.1', 'A a.test 192.0.2.2', 'A b.test 192.0.2.2']);
});

it('asks three servers, each twice, and then not again for a while', async () => {
  const { dns, asked, clock, answer } = setUp(() => 'down');
  expect(await dns.lookup('a.test', 'A')).toEqual({ kind: 'failed' });
  expect(asked).toHaveLength(SERVERS_MAX * ROUNDS_MAX);
  clock.advance(FAILURE_HOLD_MS - 1);
  expect(dns.lookup('a.test', 'A')).toEqual({ kind: 'failed' });
  clock.advance(1);
  answer((name) => address(name));
  expect(await dns.lookup('a.test', 'A')).toEqual(found('10.0.0.1'));
});

it('goes on with an old answer while nobody answers, for 300 s', async () => {
  const { dns, clock, answer, asked } = setUp((name) => address(name, 60));
  await dns.lookup('a.test', 'A');
  answer(() => 'down');
  clock.advance(60_000);
  expect(await dns.lookup('a.test', 'A')).toEqual(found('10.0.0.1'));
  const before = asked.length;
  expect(dns.lookup('a.test', 'A')).toEqual(found('10.0.0.1'));
  expect(asked).toHaveLength(before);
  clock.advance(STALE_S * 1000 - 1);
  expect(await dns.lookup('a.test', 'A')).toEqual(found('10.0.0.1'));
  clock.advance(1);
  expect(await dns.lookup('a.test', 'A')).toEqual({ kind: 'failed' });
  expect(dns.counts.stale).toBe(2);
  answer((name) => address(name, 60, '10.0.0.2'));
  clock.advance(FAILURE_HOLD_MS);
  expect(await dns.lookup('a.test', 'A')).toEqual(found('10.0.0.2'));
});

it('takes "nothing" for what it is: an old answer is not used against it', async () => {
  const { dns, clock, answer } = setUp((name) => address(name, 60));
  await dns.lookup('a.test', 'A');
  clock.advance(60_000);
  answer(() => nothing(60));
  expect(await dns.lookup('a.test', 'A')).toEqual({ kind: 'none' });
});

it('has room for so many answers, and so many questions at once', async () => {
  const { dns, asked } = setUp((name) => address(name));
  for (let i = 0; i <= ANSWERS_MAX; i++) await dns.lookup(`n${i}.test`, 'A');
  expect(dns.lookup(`n${ANSWERS_MAX}.test`, 'A')).toEqual(found('10.0.0.1'));
  expect(dns.lookup('n1.test', 'A')).toEqual(found('10.0.0.1'));
  const before = asked.length;
  await dns.lookup('n0.test', 'A');
  expect(asked).toHaveLength(before + 1);
  const many = Array.from({ length: QUESTIONS_MAX + 1 }, (_, i) => dns.lookup(`q${i}.test`, 'A'));
  expect(many.at(-1)).toEqual({ kind: 'failed' });
  expect(dns.counts.refused).toBe(1);
  for (const one of many) await one;
});

it('asks nobody for names of /etc/hosts, and for what is no name', () => {
  const hosts =
    '127.0.0.1 localhost # loopback\n::1 localhost\n\n10.1.1.1 sprout.test Icscf\nbad.address x\n';
  const { dns, asked } = setUp(() => 'down', hosts);
  expect(dns.lookup('SPROUT.test', 'A')).toEqual(found('10.1.1.1'));
  expect(dns.lookup('icscf', 'A')).toEqual(found('10.1.1.1'));
  expect(dns.lookup('sprout.test', 'AAAA')).toEqual({ kind: 'none' });
  expect(dns.lookup('sprout.test', 'NAPTR')).toEqual({ kind: 'none' });
  expect(dns.lookup('localhost', 'AAAA')).toEqual({
    kind: 'found',
    records: [{ type: 'AAAA', address: '::1' }],
  });
  for (const name of [
    '',
    '.',
    'a b.test',
    'a..test',
    `${'x'.repeat(64)}.test`,
    'ü.test',
    '-a.test',
    'a'.repeat(300),
  ])
    expect(dns.lookup(name, 'A')).toEqual({ kind: 'none' });
  expect(asked).toEqual([]);
});
