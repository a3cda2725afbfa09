// 5.6: NAPTR, SRV and address records of a real DNS server, with failover at each level; and the edge's connections to its routers behind one
// name: with one of three addresses dead no transaction fails, and a fourth that is added gets its share within one recycling period.
import { type Dnsmasq, startDnsmasq, TTL_S } from '../../harness/dnsmasq.js';
import { sleep } from '../../harness/children.js';
import { startLoneEdge } from '../../harness/lone-edge.js';
import { createPhone, type Phone } from '../../harness/phone.js';
import { freePort } from '../../harness/ports.js';
import { DOMAIN, type Product, withProduct } from '../../harness/product.js';
import { type SipResponder, startResponder } from '../../harness/sip-responder.js';
import { statusOf } from '#libs/testkit';
import { userOf } from '../../harness/users.js';
import { registeredPhone } from '../checks.js';
import type { Line, Report } from '../line.js';

const POOL = 'routers.test';
const LIFETIME_S = 5;
const REQUESTS_A_SECOND = 100;
/** What the edge takes an address for dead that long, and then for on trial. */
const FORGIVEN_MS = 61_000;
const MESSAGES = 20;
const PHONES = 10;

/** Addresses of loopback that nobody else listens on. */
const at = (host: number): string => `127.0.6.${host}`;

/** One domain a level at which something is dead: the service over TCP, its first host, that host's first address. */
const recordsFor = (port: number): readonly string[] => [
  ...['naptr', 'srv', 'a'].flatMap((level) => [
    `naptr-record=${level}.test,10,50,s,SIP+D2T,,_sip._tcp.${level}.test`,
    `naptr-record=${level}.test,20,50,s,SIP+D2U,,_sip._udp.${level}.test`,
    `srv-host=_sip._tcp.${level}.test,first.${level}.test,${port},1,10`,
    `srv-host=_sip._tcp.${level}.test,second.${level}.test,${port},2,10`,
    `srv-host=_sip._udp.${level}.test,third.${level}.test,${port},1,10`,
  ]),
  `naptr-record=weights.test,10,50,s,SIP+D2T,,_sip._tcp.weights.test`,
  `srv-host=_sip._tcp.weights.test,first.a.test,${port},1,30`,
  `srv-host=_sip._tcp.weights.test,second.a.test,${port},1,10`,
];

const ADDRESSES = {
  'first.naptr.test': [at(11)],
  'second.naptr.test': [at(12)],
  'third.naptr.test': [at(13)],
  'first.srv.test': [at(21)],
  'second.srv.test': [at(22)],
  'third.srv.test': [at(23)],
  'first.a.test': [at(31), at(32)],
  'second.a.test': [at(33)],
  'third.a.test': [at(34)],
} as const;

type Sent = Readonly<{ answered: number; asked: ReadonlyMap<string, number> }>;

/** Sends messages to a domain; says how many were answered 200, and who was asked. */
const send = async (
  phone: Phone,
  domain: string,
  servers: ReadonlyMap<string, SipResponder>,
): Promise<Sent> => {
  const before = new Map([...servers].map(([address, { asked }]) => [address, asked]));
  let answered = 0;
  for (let n = 0; n < MESSAGES; n += 1) {
    const answer = await phone.send('MESSAGE', `sip:somebody@${domain}`, {
      headers: [['Content-Type', 'text/plain']],
      body: 'good day',
    });
    if (statusOf(answer) === 200) answered += 1;
  }
  const asked = new Map(
    [...servers].map(([address, server]) => [address, server.asked - (before.get(address) ?? 0)]),
  );
  return { answered, asked };
};

const checkChain = async (report: Report, product: Product, port: number): Promise<void> => {
  const servers = new Map<string, SipResponder>();
  const phone = await registeredPhone(report, product, 'sender');
  try {
    for (const address of new Set(Object.values(ADDRESSES).flat()))
      servers.set(address, await startResponder(address, port));
    const expectAll = async (
      what: string,
      domain: string,
      ...addresses: readonly string[]
    ): Promise<void> => {
      const { answered, asked } = await send(phone, domain, servers);
      const there = addresses.reduce((sum, address) => sum + (asked.get(address) ?? 0), 0);
      const counts = [...asked].filter(([, count]) => count > 0).map((entry) => entry.join(' '));
      report.note(`${what}: ${counts.join(', ')}`);
      report.check(`${what}: every transaction succeeds`, answered === MESSAGES, `${answered}/${MESSAGES}`);
      report.check(`${what}: all go to ${addresses.join(' and ')}`, there === MESSAGES, counts.join(', '));
    };
    const stop = async (...addresses: readonly string[]): Promise<void> => {
      for (const address of addresses) await servers.get(address)?.stop();
    };
    await expectAll('NAPTR prefers TCP, SRV its first priority, by A', 'srv.test', at(21));
    await expectAll('two addresses share', 'a.test', at(31), at(32));
    const { asked } = await send(phone, 'weights.test', servers);
    const light = asked.get(at(33)) ?? 0;
    report.check(
      'SRV weights are drawn by',
      light < MESSAGES / 2,
      `${light}/${MESSAGES} at a quarter of the weight`,
    );
    await stop(at(31));
    await expectAll('an address is dead', 'a.test', at(32));
    await stop(at(21));
    await expectAll('a host of SRV is dead', 'srv.test', at(22));
    await stop(at(11), at(12));
    await expectAll('a service of NAPTR is dead', 'naptr.test', at(13));
  } finally {
    phone.close();
    for (const server of servers.values()) await server.stop();
  }
};

/** Registers again and again through the edge, from several phones; counts those that are not answered 200. */
const load = (phones: readonly Phone[]) => {
  let isRunning = true;
  const counts = { sent: 0, failed: 0 };
  const work = async (phone: Phone): Promise<void> => {
    const pauseMs = (1_000 * phones.length) / REQUESTS_A_SECOND;
    while (isRunning) {
      counts.sent += 1;
      const answer = await phone.register().catch(() => '');
      if (statusOf(answer) !== 200) counts.failed += 1;
      await sleep(pauseMs);
    }
  };
  const done = Promise.all(phones.map(work));
  return {
    counts,
    async stop() {
      isRunning = false;
      await done;
    },
  };
};

const startPhones = async (port: number): Promise<readonly Phone[]> => {
  const phones: Phone[] = [];
  for (let n = 0; n < PHONES; n += 1)
    phones.push(
      await createPhone({
        user: userOf(`pool${n}`),
        domain: DOMAIN,
        password: '',
        transport: 'udp',
        host: '127.0.0.1',
        port,
      }),
    );
  return phones;
};

const sum = (counts: readonly number[]): number => counts.reduce((total, count) => total + count, 0);

/** Who of the servers is asked how often in so many seconds, while no transaction fails. */
type During = (what: string, seconds: number) => Promise<readonly number[]>;

/** What happens to the addresses behind the name of the edge's routers. */
const playPool = async (
  report: Report,
  dns: Dnsmasq,
  servers: readonly SipResponder[],
  during: During,
): Promise<void> => {
  const [first, second, third] = servers as readonly [SipResponder, SipResponder, SipResponder];
  const three = await during('three addresses', LIFETIME_S);
  for (const count of three.slice(0, 3))
    report.check('each of three has a share', count > sum(three) / 6, three.join(' '));
  await third.stop();
  const dead = await during('one of three is dead', LIFETIME_S);
  report.figure('whileOneIsDead', dead);
  report.check('the dead one gets nothing', dead[2] === 0, dead.join(' '));
  await third.start();
  report.note('until the edge forgives');
  await sleep(report.quick ? 0 : FORGIVEN_MS);
  dns.setAddresses({ ...ADDRESSES, [POOL]: servers.map(({ address }) => address) });
  await sleep((TTL_S + 1) * 1_000);
  const four = await during('a fourth is added, one recycling period', LIFETIME_S);
  report.figure('withAFourth', four);
  const share = Math.round((1_000 * four[3]!) / sum(four)) / 10;
  report.atLeast('shareOfTheFourthPercent', share, 20);
  // In the short form one of the others is not forgiven yet.
  report.atMost('shareOfTheFourthAtMostPercent', share, report.quick ? 40 : 30);
  const { connections } = first;
  await during('connections are replaced by age', LIFETIME_S * 1.5);
  report.check(
    'a connection is replaced by its age',
    first.connections > connections,
    `${first.connections}`,
  );
  report.check('and was before', second.connections > 1, `${second.connections}`);
};

const checkPool = async (report: Report, dns: Dnsmasq): Promise<void> => {
  const port = await freePort();
  const addresses = [41, 42, 43, 44].map(at);
  const servers: SipResponder[] = [];
  for (const address of addresses) servers.push(await startResponder(address, port));
  dns.setAddresses({ ...ADDRESSES, [POOL]: addresses.slice(0, 3) });
  const edge = await startLoneEdge({
    SPROUT_ADDRESS: POOL,
    ICSCF_PORT: String(port),
    DNS_SERVERS: dns.server,
    SIP_CONNECTION_LIFETIME_S: String(LIFETIME_S),
  });
  const phones = await startPhones(edge.ports.BONO_PORT);
  const running = load(phones);
  const during: During = async (what, seconds) => {
    const before = servers.map(({ asked }) => asked);
    const failedBefore = running.counts.failed;
    await sleep(seconds * 1_000);
    const asked = servers.map((server, n) => server.asked - before[n]!);
    report.note(`${what}: ${asked.join(' ')}`);
    report.check(
      `${what}: no transaction fails`,
      running.counts.failed === failedBefore,
      `${running.counts.failed}`,
    );
    return asked;
  };
  try {
    await playPool(report, dns, servers, during);
  } finally {
    await running.stop();
    for (const phone of phones) phone.close();
    await edge.dispose();
    for (const server of servers) await server.stop();
  }
  report.figure('transactions', running.counts.sent);
  report.atMost('failedTransactions', running.counts.failed, 0);
};

export const line: Line = {
  async run(report) {
    const port = await freePort();
    const dns = await startDnsmasq(recordsFor(port), ADDRESSES);
    try {
      await withProduct({ env: { DNS_SERVERS: dns.server } }, (product) => checkChain(report, product, port));
      await checkPool(report, dns);
    } finally {
      await dns.dispose();
    }
  },
};
