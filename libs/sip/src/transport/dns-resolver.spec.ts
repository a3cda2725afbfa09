// RFC 3263 over a zone that is a table, answered at once or later.
import fc from 'fast-check';
import { createFakeClock, createSeededRandom } from '#libs/testkit';
import { createDnsResolver, type DnsResolverOptions } from './dns-resolver.js';
import { HOSTS_MAX } from './locate-servers.js';
import type { NameAnswer, NameEntry, NameType } from './name-lookup.port.js';
import { TARGETS_MAX } from './resolver.js';
import { BLACKLIST_MS } from './target-health.js';
import type { Target } from './transport.port.js';

type Zone = Readonly<Record<string, readonly NameEntry[] | 'failed'>>;

const a = (address: string): NameEntry => ({ type: address.includes(':') ? 'AAAA' : 'A', address });
const srv = (priority: number, weight: number, port: number, target: string): NameEntry => ({
  type: 'SRV',
  priority,
  weight,
  port,
  target,
});
const naptr = (order: number, services: string, replacement: string, more: object = {}): NameEntry => ({
  type: 'NAPTR', order, preference: 10, flags: 's', services, regexp: '', replacement, ...more,
}); // prettier-ignore

const ZONE: Zone = {
  'NAPTR full.test': [
    naptr(90, 'SIP+D2T', '_sip._tcp.full.test'),
    naptr(100, 'sip+d2u', '_sip._udp.full.test'),
    naptr(50, 'SIPS+D2T', '_sips._tcp.full.test'),
    naptr(1, 'SIP+D2S', '_sip._sctp.full.test'),
    naptr(2, 'SIP+D2U', '', { regexp: '!x!y!' }),
    naptr(3, 'SIP+D2U', 'a.full.test', { flags: 'a' }),
  ],
  'SRV _sips._tcp.full.test': [srv(1, 0, 5071, 'tls.full.test')],
  'SRV _sip._tcp.full.test': [srv(2, 0, 5070, 'b.full.test'), srv(1, 0, 5070, 'a.full.test')],
  'SRV _sip._udp.full.test': [srv(1, 0, 5060, 'a.full.test')],
  'A a.full.test': [a('10.0.0.1')],
  'AAAA a.full.test': [a('2001:db8::1')],
  'A b.full.test': [a('10.0.0.2')],
  'A tls.full.test': [a('10.0.0.3')],
  'A full.test': [a('10.9.9.9')],
  'SRV _sip._udp.srv.test': [srv(1, 0, 5062, 'a.full.test')],
  'SRV _sip._tcp.srv.test': [srv(1, 0, 5063, 'b.full.test')],
  'A plain.test': [a('10.0.0.7')],
  'AAAA plain.test': [a('2001:db8::7')],
  'A secure.test': [a('10.0.0.8')],
  'SRV _sip._udp.none.test': [srv(0, 0, 0, '')],
  'A none.test': [a('10.0.0.9')],
  'NAPTR broken.test': 'failed',
  'A broken.test': [a('10.0.0.10')],
  'SRV _sip._udp.down.test': 'failed',
  'A down.test': [a('10.0.0.11')],
  'A lost.test': 'failed',
};

const answerIn = (zone: Zone, name: string, type: NameType): NameAnswer => {
  const records = zone[`${type} ${name}`];
  if (records === 'failed') return { kind: 'failed' };
  return records === undefined ? { kind: 'none' } : { kind: 'found', records };
};

const setUp = (
  options: Partial<DnsResolverOptions> & { zone?: Zone; late?: boolean; seed?: number } = {},
) => {
  const { zone = ZONE, late = false, seed = 1, ...rest } = options;
  const asked: string[] = [];
  const clock = createFakeClock();
  const resolver = createDnsResolver({
    clock,
    random: createSeededRandom(seed),
    transports: ['udp', 'tcp', 'tls'],
    families: [4],
    names: { 'scscf.ims.test': [{ transport: 'tcp', address: '127.0.0.1', port: 5054 }] },
    dns: {
      lookup(name, type) {
        asked.push(`${type} ${name}`);
        const answer = answerIn(zone, name, type);
        return late ? Promise.resolve(answer) : answer;
      },
    },
    ...rest,
  });
  const text = async (uri: string): Promise<string> =>
    (await resolver.resolve(uri))
      .map(
        ({ transport, address, port, serverName }) =>
          `${transport} ${address} ${port}${serverName ? ` ${serverName}` : ''}`,
      )
      .join(', ');
  return { resolver, asked, clock, text };
};

const CASES: [string, string][] = [
  ['sip:full.test', 'tls 10.0.0.3 5071 full.test, tcp 10.0.0.1 5070, tcp 10.0.0.2 5070, udp 10.0.0.1 5060'],
  ['sips:full.test', 'tls 10.0.0.3 5071 full.test'],
  ['sip:a@FULL.test.;transport=tcp', 'tcp 10.0.0.1 5070, tcp 10.0.0.2 5070'],
  ['sip:full.test;transport=tls', 'tls 10.0.0.3 5071 full.test'],
  ['sips:full.test;transport=tcp', 'tls 10.0.0.3 5071 full.test'],
  ['sip:full.test:5080', 'udp 10.9.9.9 5080'],
  ['sip:full.test:5080;transport=tcp', 'tcp 10.9.9.9 5080'],
  ['sip:srv.test', 'udp 10.0.0.1 5062, tcp 10.0.0.2 5063'],
  ['sip:plain.test', 'udp 10.0.0.7 5060'],
  ['sip:plain.test;transport=tcp', 'tcp 10.0.0.7 5060'],
  ['sip:plain.test;transport=ws', 'ws 10.0.0.7 80'],
  ['sips:secure.test', 'tls 10.0.0.8 5061 secure.test'],
  ['sips:secure.test;transport=ws', 'wss 10.0.0.8 443 secure.test'],
  // Decidedly not there: the address of the name is none to try (RFC 2782).
  ['sip:none.test;transport=udp', ''],
  // A server that fails at NAPTR is one that does not know it.
  ['sip:broken.test', 'udp 10.0.0.10 5060'],
  // Nobody can say where the service is: the address of the name would be a guess.
  ['sip:down.test', ''],
  ['sip:lost.test:5060', ''],
  ['sip:nowhere.test', ''],
  ['sip:full.test;transport=sctp', ''],
  ['tel:+123', ''],
];

describe.each([
  ['at once', false],
  ['later', true],
])('locates servers, answered %s', (_what, late) => {
  it.each(CASES)('%s', async (uri, expected) => expect(await setUp({ late }).text(uri)).toBe(expected));
});

it('needs no question for literals and for names of the table, and answers them with the same objects', () => {
  const { resolver, asked } = setUp();
  for (const uri of [
    'sip:a@10.0.0.5:4000;transport=tcp',
    'sip:[2001:db8::1]',
    'sip:scscf.ims.test:5054;transport=tcp;lr',
  ]) {
    const targets = resolver.resolve(uri) as readonly Target[];
    expect(targets).toHaveLength(1);
    expect(resolver.resolve(uri)).toBe(targets);
  }
  expect(asked).toEqual([]);
});

it('answers at once what DNS knows at once, and asks for all of a kind together', async () => {
  expect(Array.isArray(setUp().resolver.resolve('sip:full.test'))).toBe(true);
  const { text, asked } = setUp({ late: true });
  await text('sip:srv.test');
  expect(asked).toEqual([
    'NAPTR srv.test',
    'SRV _sip._udp.srv.test',
    'SRV _sip._tcp.srv.test',
    'A a.full.test',
    'A b.full.test',
  ]);
});

it('asks only for transports and families that there are', async () => {
  const { text, asked } = setUp({ transports: ['tcp'], families: [6] });
  expect(await text('sip:full.test')).toBe('tcp 2001:db8::1 5070');
  expect(
    asked.some(
      (question) => question.startsWith('A ') || question.includes('_udp') || question.includes('_sips'),
    ),
  ).toBe(false);
  const both = setUp({ families: [4, 6] });
  expect(await both.text('sip:plain.test')).toBe('udp 10.0.0.7 5060, udp 2001:db8::7 5060');
});

it('finds a name by the one that it stands for', async () => {
  const { text } = setUp({ aliases: { 'icscf.ims.test': 'plain.test' } });
  expect(await text('sip:ICSCF.ims.test:5052;transport=tcp;lr')).toBe('tcp 10.0.0.7 5052');
  expect(await text('sip:icscf.other.test:5052')).toBe('');
});

it('knows addresses and its table alone where there is no DNS', () => {
  const { resolver } = setUp({ dns: undefined });
  expect(resolver.resolve('sip:plain.test')).toEqual([]);
  expect(resolver.resolve('sip:scscf.ims.test')).toHaveLength(1);
});

it('spreads requests over the addresses of one host, and over SRV by weight', async () => {
  const zone: Zone = {
    'A many.test': [1, 2, 3].map((n) => a(`10.1.0.${n}`)),
    'SRV _sip._tcp.weighed.test': [srv(1, 75, 5060, 'x.test'), srv(1, 25, 5060, 'y.test')],
    'A x.test': [a('10.2.0.1')],
    'A y.test': [a('10.2.0.2')],
  };
  const { resolver } = setUp({ zone });
  const firsts = (uri: string): Map<string, number> => {
    const counts = new Map<string, number>();
    for (let i = 0; i < 3_000; i++) {
      const [first] = resolver.resolve(uri) as readonly Target[];
      counts.set(first!.address, (counts.get(first!.address) ?? 0) + 1);
    }
    return counts;
  };
  for (const count of firsts('sip:many.test:5060').values())
    expect(Math.abs(count - 1_000)).toBeLessThan(120);
  expect(Math.abs(firsts('sip:weighed.test;transport=tcp').get('10.2.0.1')! - 2_240)).toBeLessThan(120);
});

it('looks at no more than HOSTS_MAX hosts of one priority: those of the greatest weight', async () => {
  const hosts = Array.from({ length: HOSTS_MAX + 4 }, (_, n) => `h${n}.test`);
  const zone: Zone = {
    'SRV _sip._tcp.wide.test': hosts.map((host, n) => srv(1, n < 4 ? 1 : 10, 5060, host)),
    ...Object.fromEntries(hosts.map((host, n) => [`A ${host}`, [a(`10.3.0.${n}`)]])),
  };
  const { resolver, asked } = setUp({ zone });
  const tried = new Set<string>();
  for (let i = 0; i < 500; i++)
    for (const { address } of await resolver.resolve('sip:wide.test;transport=tcp')) tried.add(address);
  expect([...tried].sort()).toEqual(hosts.slice(4).map((_host, n) => `10.3.0.${n + 4}`).sort()); // prettier-ignore
  expect(new Set(asked.filter((one) => one.startsWith('A '))).size).toBe(HOSTS_MAX);
});

it('tries what did not answer lately last, and gives no more than TARGETS_MAX', async () => {
  const zone: Zone = { 'A many.test': Array.from({ length: 9 }, (_, n) => a(`10.1.0.${n}`)) };
  const { resolver, clock } = setUp({ zone });
  const targets = () => resolver.resolve('sip:many.test:5060') as readonly Target[];
  expect(targets()).toHaveLength(TARGETS_MAX);
  const bad = Array.from({ length: 6 }, (_, n): Target => ({
    transport: 'udp',
    address: `10.1.0.${n}`,
    port: 5060,
  }));
  for (const one of bad) resolver.failed!(one);
  for (let i = 0; i < 50; i++) {
    const order = targets().map(({ address }) => bad.some((one) => one.address === address));
    expect(order).toEqual([false, false, false, true, true]);
  }
  resolver.worked!(bad[0]!);
  const well = new Set(Array.from({ length: 50 }, () => targets()[0]!.address));
  expect(well.size).toBe(4);
  clock.advance(BLACKLIST_MS);
  // One of those on trial at a time comes first.
  const onTrial = new Set(Array.from({ length: 200 }, () => targets()[0]!.address));
  expect(onTrial.size).toBe(9);
});

it('gives nothing, and does not fail, for whatever comes', async () => {
  const { resolver } = setUp({ late: true });
  await fc.assert(
    fc.asyncProperty(fc.string(), async (noise) => {
      await resolver.resolve(noise);
      await resolver.resolve(`sip:${noise}`);
    }),
  );
});

it('ends where a zone never stops answering later', async () => {
  // Each answer holds for no time, and every target is another host.
  let n = 0;
  const { resolver } = setUp({
    dns: {
      lookup: (name, type) =>
        Promise.resolve(
          type === 'SRV'
            ? { kind: 'found', records: [srv(1, 1, 5060, `h${n++}.${name.slice(-9)}`)] }
            : { kind: 'none' },
        ),
    },
  });
  expect(await resolver.resolve('sip:loop.test')).toEqual([]);
});
