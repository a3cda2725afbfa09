// Questions and replies over real sockets on loopback.
import type { Answer } from 'dns-packet';
import { systemClock, systemRandom } from '#libs/runtime';
import { createFakeClock } from '#libs/testkit';
import { createDnsExchange } from './dns-packet.exchange.js';
import { nothingHere, type Say, startDnsServer } from './dns-server.fixture.js';
import { parseDnsServer, systemDnsServers, systemHosts } from './system-names.js';

const closers: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0)) await close();
});
const start = async (say: Say) => {
  const server = await startDnsServer(say);
  closers.push(server.close);
  return server;
};
const exchange = createDnsExchange({ clock: systemClock, random: systemRandom });

it('asks with EDNS, and reads each kind of record', async () => {
  const answers: Readonly<Record<string, Answer[]>> = {
    A: [
      { type: 'CNAME', name: 'Sip.Test', ttl: 30, data: 'host.test' },
      { type: 'A', name: 'host.test', ttl: 60, data: '10.0.0.1' },
    ],
    AAAA: [{ type: 'AAAA', name: 'sip.test', ttl: 2 ** 31, data: '2001:db8::1' }],
    SRV: [
      {
        type: 'SRV',
        name: 'sip.test',
        ttl: 60,
        data: { priority: 1, weight: 2, port: 5070, target: 'Host.test' },
      },
      { type: 'SRV', name: 'sip.test', ttl: 60, data: { priority: 2, weight: 0, port: 0, target: '.' } },
      {
        type: 'SRV',
        name: 'sip.test',
        ttl: 60,
        data: { priority: 2, weight: 0, port: 1, target: 'no host.test' },
      },
    ],
    NAPTR: [
      {
        type: 'NAPTR',
        name: 'sip.test',
        ttl: 60,
        data: {
          order: 1,
          preference: 2,
          flags: 's',
          services: 'SIP+D2T',
          regexp: '',
          replacement: '_sip._tcp.sip.test',
        },
      },
    ],
  };
  const { server, asked } = await start(({ type }) => answers[type] ?? []);
  const ask = (type: 'A' | 'AAAA' | 'SRV' | 'NAPTR') => exchange.ask(server, 'sip.test', type, 1_000);
  expect((await ask('A')).records).toEqual([
    { name: 'sip.test', ttlS: 30, alias: 'host.test' },
    { name: 'host.test', ttlS: 60, record: { type: 'A', address: '10.0.0.1' } },
  ]);
  expect((await ask('AAAA')).records).toEqual([
    { name: 'sip.test', ttlS: 0, record: { type: 'AAAA', address: '2001:db8::1' } },
  ]);
  expect((await ask('SRV')).records.map((one) => 'record' in one && one.record)).toEqual([
    { type: 'SRV', priority: 1, weight: 2, port: 5070, target: 'host.test' },
    { type: 'SRV', priority: 2, weight: 0, port: 0, target: '' },
  ]);
  expect((await ask('NAPTR')).records.map((one) => 'record' in one && one.record)).toEqual([
    {
      type: 'NAPTR',
      order: 1,
      preference: 2,
      flags: 's',
      services: 'SIP+D2T',
      regexp: '',
      replacement: '_sip._tcp.sip.test',
    },
  ]);
  expect(asked.every(({ edns, over }) => edns && over === 'udp')).toBe(true);
});

it('tells what is not there, and for how long', async () => {
  const { server } = await start(() => nothingHere(17));
  expect(await exchange.ask(server, 'sip.test', 'A', 1_000)).toEqual({
    exists: false,
    records: [],
    negativeTtlS: 17,
  });
});

it('asks over TCP where the reply was cut off', async () => {
  const many = Array.from({ length: 200 }, (_, i): Answer => ({
    type: 'A',
    name: 'sip.test',
    ttl: 60,
    data: `10.0.${i}.1`,
  }));
  const { server, asked } = await start(({ over }) => (over === 'udp' ? 'cut' : many));
  expect((await exchange.ask(server, 'sip.test', 'A', 1_000)).records).toHaveLength(200);
  expect(asked.map(({ over }) => over)).toEqual(['udp', 'tcp']);
});

it('asks without EDNS a server that does not know it', async () => {
  const { server, asked } = await start(({ edns }) =>
    edns ? { rcode: 1 } : [{ type: 'A', name: 'sip.test', ttl: 60, data: '10.0.0.1' }],
  );
  expect((await exchange.ask(server, 'sip.test', 'A', 1_000)).records).toHaveLength(1);
  expect(asked.map(({ edns }) => edns)).toEqual([true, false]);
});

it.each<[string, Say]>([
  ['says that it fails', () => ({ rcode: 2 })],
  ['refuses', () => ({ rcode: 5 })],
  ['cuts its reply and answers nonsense over TCP', ({ over }) => (over === 'udp' ? 'cut' : 'noise')],
])('is told of a server that %s', async (_what, say) => {
  const { server } = await start(say);
  await expect(exchange.ask(server, 'sip.test', 'A', 5_000)).rejects.toThrow('127.0.0.1: ');
});

it('waits for a reply as long as it is told, whatever else comes', async () => {
  for (const said of ['silence', 'noise'] as const) {
    const clock = createFakeClock();
    let heard: () => void = () => undefined;
    const asked = new Promise<void>((resolve) => (heard = resolve));
    const { server } = await start(() => {
      heard();
      return said;
    });
    const impatient = createDnsExchange({ clock, random: systemRandom });
    const reply = impatient.ask(server, 'sip.test', 'A', 600).catch((error: unknown) => String(error));
    await asked;
    clock.advance(599);
    expect(clock.pending).toBe(1);
    clock.advance(1);
    expect(await reply).toContain('no reply in time');
    expect(clock.pending).toBe(0);
  }
});

it('does not wait for a server that is not there', async () => {
  const { server, close } = await startDnsServer(() => 'silence');
  await close();
  await expect(exchange.ask(server, 'sip.test', 'A', 30_000)).rejects.toThrow('ECONNREFUSED');
});

it('takes no reply to another question', async () => {
  const { server } = await start(({ name }) => [{ type: 'A', name, ttl: 60, data: '10.0.0.1' }]);
  const wrongId = createDnsExchange({
    clock: systemClock,
    random: { ...systemRandom, bytes: (length) => Buffer.alloc(length) },
  });
  // The same id twice, two names: each gets its own.
  const [one, two] = await Promise.all([
    wrongId.ask(server, 'one.test', 'A', 1_000),
    wrongId.ask(server, 'two.test', 'A', 1_000),
  ]);
  expect([one.records[0]!.name, two.records[0]!.name]).toEqual(['one.test', 'two.test']);
});

it('knows servers as they are written', () => {
  expect(parseDnsServer('192.0.2.1')).toEqual({ address: '192.0.2.1', port: 53 });
  expect(parseDnsServer('192.0.2.1:5353')).toEqual({ address: '192.0.2.1', port: 5353 });
  expect(parseDnsServer('[2001:db8::1]:5353')).toEqual({ address: '2001:db8::1', port: 5353 });
  expect(parseDnsServer('2001:db8::1')).toEqual({ address: '2001:db8::1', port: 53 });
  for (const text of ['', 'dns.test', '192.0.2.1:0', '192.0.2.1:70000', '[::1', '::1]:5'])
    expect(parseDnsServer(text)).toBeUndefined();
  expect(systemDnsServers().every(({ port }) => port > 0)).toBe(true);
  expect(systemHosts('/nowhere').size).toBe(0);
});
