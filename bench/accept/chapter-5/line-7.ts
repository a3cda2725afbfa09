// 5.7: numbers and domains out of the network by ENUM, portability and the BGCF's routes, rule by rule of sip.md §3.10, on the running product;
// then calls of SIPp's to a SIPp peer outside by a trunk of the edge, and back in through it.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { firstHeader, statusOf } from '#libs/testkit';
import { type Dnsmasq, startDnsmasq } from '../../harness/dnsmasq.js';
import type { Phone } from '../../harness/phone.js';
import { freePort } from '../../harness/ports.js';
import { createProduct, DOMAIN, type Product, withProduct } from '../../harness/product.js';
import { type SipResponder, startResponder } from '../../harness/sip-responder.js';
import { runSipp, startSipp } from '../../harness/sipp.js';
import { type ProvisionOptions, provisionUser, type User, userOf, usersOf, writeUsersFile, DEVICES } from '../../harness/users.js'; // prettier-ignore
import { newPhone, registeredPhone } from '../checks.js';
import type { Line, Report } from '../line.js';

/** Of loopback: who is a trunk is told by its address. */
const CARRIER = '127.0.9.1';
const SECOND = '127.0.9.2';
const OTHER = '127.0.9.3';
const SIPP_CARRIER = '127.0.9.9';
const PORT = 25_070;

const enumName = (number: string): string => `${[...number.slice(1)].reverse().join('.')}.e164.arpa`;

const naptr = (number: string, order: number, preference: number, flags: string, service: string, rule: string): string =>
  `naptr-record=${enumName(number)},${order},${preference},${flags},${service},${rule}`; // prettier-ignore

/** What is asked for numbers. */
const RECORDS: readonly string[] = [
  naptr('+15550001', 100, 10, 'u', 'E2U+sip', `!^.*$!sip:callee@${DOMAIN}!`),
  // Lowest order, then lowest preference; what does not say a service of ours is passed over.
  naptr('+15550002', 200, 1, 'u', 'E2U+sip', '!^.*$!sip:wrong@wrong.test!'),
  naptr('+15550002', 100, 20, 'u', 'E2U+sip', '!^.*$!sip:wrong@wrong.test!'),
  naptr('+15550002', 100, 10, 'u', 'E2U+sip', `!^.*$!sip:callee@${DOMAIN}!`),
  naptr('+15550002', 50, 10, 'u', 'E2U+web:http', '!^.*$!http://wrong.test/!'),
  // Not terminal: the name that comes of it is asked for; and what the rule takes of the number.
  `naptr-record=${enumName('+15550003')},100,10,,,,${enumName('+15550001')}`,
  naptr('+15550004', 100, 10, 'u', 'E2U+sip', `!^\\+1555(.*)$!sip:n\\1@peer.test!`),
  // Ported: to a network by its routing number.
  naptr('+15550005', 100, 10, 'u', 'E2U+pstn:tel', '!^(.*)$!tel:\\1;npdi;rn=+4930!'),
  `srv-host=_sip._udp.plain.test,plain.test,${PORT},1,10`,
];

const route = (trunk: string, port: number): string => `sip:127.0.0.1:${port};transport=tcp;trunk=${trunk}`;

const bgcfOf = (trusted: number): object => ({
  routes: [
    { name: 'short', number: '+4', route: [route('other', trusted)] },
    { name: 'germany', number: '+49', route: [route('carrier', trusted)] },
    { name: 'berlin', number: '+4930', route: [route('second', trusted)] },
    { name: 'long', number: '+33123456', route: [route('carrier', trusted)] },
    {
      name: 'chain',
      number: '+34',
      route: [`sip:127.0.0.1:${trusted};transport=tcp`, `sip:${OTHER}:${PORT}`],
    },
    { name: 'sipp', number: '+36', route: [route('sipp', trusted)] },
    { name: 'peer', domain: 'peer.test', route: [route('other', trusted)] },
  ],
});

const TRUNKS = {
  trunks: [
    { name: 'carrier', peers: [`sip:${CARRIER}:${PORT}`] },
    { name: 'second', peers: [`sip:${SECOND}:${PORT}`], numbersAs: 'sip' },
    { name: 'other', peers: [`sip:${OTHER}:${PORT}`] },
    {
      name: 'sipp',
      peers: [`sip:${SIPP_CARRIER}:${PORT}`],
      identity: 'trusted',
      country: '36',
      nationalPrefix: '06',
    },
  ],
};

/** What is called, and who is asked with what; a number is the status that it is refused with. */
type Rule = readonly [
  what: string,
  called: string,
  expected: number | readonly [server: string, requestUri: string],
];

const RULES: readonly Rule[] = [
  ['the longest beginning that the number has', 'tel:+49301234', [SECOND, `sip:+49301234@${SECOND}:${PORT};user=phone`]],
  ['a shorter one', 'tel:+49401234', [CARRIER, 'tel:+49401234']],
  ['a SIP URI that is a number', `sip:+49401234@${DOMAIN};user=phone`, [CARRIER, `sip:+49401234@${DOMAIN};user=phone`]],
  ['a short number is not the beginning of a longer one', 'tel:+3312', 404],
  ['a number without a route', 'tel:+5511', 404],
  ['all URIs of a route are put on', 'tel:+34911', [OTHER, 'tel:+34911']],
  ['a domain by its route', 'sip:dave@peer.test', [OTHER, 'sip:dave@peer.test']],
  ['a domain without a route goes as it is', 'sip:dave@plain.test', [CARRIER, 'sip:dave@plain.test']],
  ['portability data decides, not the number', 'tel:+5511;npdi;rn=+49309', [SECOND, '']],
  ['portability data of ENUM', 'tel:+15550005', [SECOND, '']],
  ['a rule that takes of the number', 'tel:+15550004', [OTHER, 'sip:n0004@peer.test']],
  ['ENUM that knows nothing leaves the number alone', 'tel:+4940999', [CARRIER, 'tel:+4940999']],
]; // prettier-ignore

/** Numbers that are names of ours. */
const HOME: readonly (readonly [what: string, called: string])[] = [
  ['a number that is a name of ours', 'tel:+15550001'],
  ['lowest order, then lowest preference, of services that are ours', 'tel:+15550002'],
  ['a rule that is not terminal leads on to another name', 'tel:+15550003'],
];

/** Numbers by a file, where no DNS is asked: the longest block that the number begins with. */
const BLOCKS = {
  number_blocks: [
    { name: 'all', prefix: '+1555', regex: '!^.*$!sip:wrong@wrong.test!' },
    { name: 'ours', prefix: '+15550', regex: `!^\\+15550(.*)$!sip:callee\\1@${DOMAIN}!` },
  ],
};

const send = (phone: Phone, called: string): Promise<string> =>
  phone.send('MESSAGE', called, { headers: [['Content-Type', 'text/plain']], body: 'good day' });

const checkRules = async (
  report: Report,
  product: Product,
  servers: readonly SipResponder[],
): Promise<void> => {
  const phone = await registeredPhone(report, product, 'caller');
  const callee = await newPhone(product, userOf('callee'));
  await provisionUser(product, callee.user);
  try {
    report.check('the callee registers', statusOf(await callee.register()) === 200);
    for (const [what, called, expected] of RULES) {
      const before = servers.map(({ asked }) => asked);
      const status = statusOf(await send(phone, called));
      const asked = servers.filter((server, n) => server.asked > before[n]!);
      const told = `${status}, ${asked.map(({ address }) => address).join(' ') || 'nobody'}`;
      report.note(`${called}: ${told}`);
      if (typeof expected === 'number') {
        report.check(`${what}: ${called} is refused`, status === expected && asked.length === 0, told);
        continue;
      }
      const [address, requestUri] = expected;
      const request = asked[0]?.requests.at(-1) ?? '';
      report.check(`${what}: ${called} goes to ${address}`, status === 200 && asked.length === 1 && asked[0]?.address === address, told); // prettier-ignore
      report.check(`${what}: as ${requestUri}`, request.startsWith(`MESSAGE ${requestUri}`), request.split('\r\n', 1)[0] ?? ''); // prettier-ignore
      // What goes by no trunk leaves the router as it is.
      const isClean =
        firstHeader(request, 'P-Charging-Vector') === undefined || called.endsWith('@plain.test');
      report.check(`${what}: nothing of the core goes along`, isClean);
    }
    for (const [what, called] of HOME) {
      const answer = send(phone, called);
      const got = await callee.take('MESSAGE').catch(() => '');
      report.check(`${what}: ${called} is delivered`, got !== '' && statusOf(await answer) === 200);
    }
  } finally {
    phone.close();
    callee.close();
  }
};

/** The same by the operator's file. */
const checkFile = async (report: Report, folder: string): Promise<void> => {
  const enumFile = path.join(folder, 'enum.json');
  writeFileSync(enumFile, JSON.stringify(BLOCKS));
  await withProduct({ env: { ENUM_FILE: enumFile } }, async (product) => {
    const phone = await registeredPhone(report, product, 'caller');
    const callee = await newPhone(product, userOf('callee77'));
    await provisionUser(product, callee.user);
    try {
      report.check('the callee registers', statusOf(await callee.register()) === 200);
      const answer = send(phone, 'tel:+1555077');
      const got = await callee.take('MESSAGE').catch(() => '');
      report.check('the longest block of the file', got !== '' && statusOf(await answer) === 200);
      const short = statusOf(await send(phone, 'tel:+15'));
      report.check('a short number is of no longer block', short === 404, `${short}`);
    } finally {
      phone.close();
      callee.close();
    }
  });
};

const callsOf = (report: Report): Readonly<{ calls: number; rate: number }> =>
  report.quick ? { calls: 20, rate: 10 } : { calls: 200, rate: 20 };

/** Users of ours call numbers of the carrier's. */
const checkOut = async (report: Report, product: Product, folder: string): Promise<void> => {
  const { calls, rate } = callsOf(report);
  const callers = usersOf('out', 10);
  for (const user of callers) await provisionUser(product, user);
  const numbers = callers.map((_user, n) => ({
    name: `+3620000${String(n).padStart(4, '0')}`,
    impu: '',
    impi: '',
  }));
  const usersFile = writeUsersFile(folder, 'out', callers, numbers, DEVICES.caller);
  const localPort = await freePort();
  const target = `127.0.0.1:${product.ports.BONO_PORT}`;
  const common = {
    target,
    localPort,
    usersFile,
    keys: { contact: `127.0.0.1:${localPort}`, expires: '3600' },
  };
  const registered = await runSipp({ ...common, scenario: 'reg-auth', rate: 20, calls: callers.length });
  report.check('callers register', registered.failed === 0, registered.errors);
  const carrier = startSipp({ scenario: 'call-uas', localPort: PORT, localAddress: SIPP_CARRIER });
  const made = await runSipp({ ...common, scenario: 'call-uac', rate, calls });
  const answered = await carrier.stop();
  report.figure('callsOut', made.successful);
  report.check('every call out succeeds', made.failed === 0 && made.successful === calls, made.errors);
  report.check('the carrier had them all', answered.successful === calls, `${answered.successful}`);
};

/** The carrier calls a number of ours, as it dials it. */
const checkIn = async (report: Report, product: Product, folder: string): Promise<void> => {
  const { calls, rate } = callsOf(report);
  const callee: User = { name: 'inward', impu: `sip:inward@${DOMAIN}`, impi: `inward@${DOMAIN}` };
  const options: ProvisionOptions = { alias: 'tel:+36201112222' };
  await provisionUser(product, callee, options);
  const calleePort = await freePort();
  const target = `127.0.0.1:${product.ports.BONO_PORT}`;
  const calleeFile = writeUsersFile(folder, 'inward', [callee], [callee], DEVICES.callee);
  const registered = await runSipp({
    target,
    localPort: calleePort,
    usersFile: calleeFile,
    keys: { contact: `127.0.0.1:${calleePort}`, expires: '3600' },
    scenario: 'reg-auth',
    rate: 10,
    calls: 1,
  });
  report.check('the callee registers', registered.failed === 0, registered.errors);
  const answering = startSipp({ scenario: 'call-uas', localPort: calleePort });
  const callers = [userOf('06309998888')];
  const called = [userOf('06201112222')];
  const made = await runSipp({
    scenario: 'call-uac',
    target,
    localPort: PORT,
    localAddress: SIPP_CARRIER,
    usersFile: writeUsersFile(folder, 'carrier', callers, called, DEVICES.caller),
    rate,
    calls,
  });
  const answered = await answering.stop();
  report.figure('callsIn', made.successful);
  report.check('every call in succeeds', made.failed === 0 && made.successful === calls, made.errors);
  report.check('the callee had them all', answered.successful === calls, `${answered.successful}`);
};

const run = async (report: Report, folder: string, dns: Dnsmasq): Promise<void> => {
  const [bgcfFile, trunksFile] = [path.join(folder, 'bgcf.json'), path.join(folder, 'trunks.json')];
  const env = {
    DNS_SERVERS: dns.server,
    ENUM_SERVERS: dns.server,
    BGCF_FILE: bgcfFile,
    TRUNKS_FILE: trunksFile,
  };
  const product = await createProduct({ env });
  const servers: SipResponder[] = [];
  try {
    writeFileSync(bgcfFile, JSON.stringify(bgcfOf(product.ports.BONO_TRUSTED_PORT)));
    writeFileSync(trunksFile, JSON.stringify(TRUNKS));
    for (const address of [CARRIER, SECOND, OTHER]) servers.push(await startResponder(address, PORT));
    await product.start();
    await checkRules(report, product, servers);
    await checkOut(report, product, folder);
    await checkIn(report, product, folder);
  } finally {
    for (const server of servers) await server.stop();
    await product.dispose();
  }
};

export const line: Line = {
  async run(report) {
    const folder = mkdtempSync(path.join(tmpdir(), 'trunks-'));
    const dns = await startDnsmasq(RECORDS, { 'plain.test': [CARRIER] });
    try {
      await run(report, folder, dns);
      await checkFile(report, folder);
    } finally {
      await dns.dispose();
      rmSync(folder, { recursive: true, force: true });
    }
  },
};
