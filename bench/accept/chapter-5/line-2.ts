// 5.2: registration over AKA with our test phone, whose SIM is that of TS 35.208's first test set: both versions, resynchronisation, what
// was overheard, a call; no key in anything that the product writes. In full also on a cluster: two routers challenge and verify in turn.
import { readdirSync, readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import { type AkaVersion, Usim } from '#libs/aka';
import { Phone } from '#libs/phone';
import { systemClock as clock, systemRandom as random } from '#libs/runtime';
import type { SipMessage } from '#libs/sip';
import { type BenchCluster, withCluster } from '../../harness/cluster.js';
import { DOMAIN, type Product, withProduct } from '../../harness/product.js';
import { provisionUser, userOf } from '../../harness/users.js';
import { checkTests } from '../jest-run.js';
import type { Line, Report } from '../line.js';

const K = '465b5ce8b199b49faa5f0a2ee238a6bc';
const OPC = 'cd63cb71954a9f4e48a5994e37a02baf';
const SECRETS = { k: Buffer.from(K, 'hex'), opc: Buffer.from(OPC, 'hex') };
const SIM = userOf('sim');
const FILE_BYTES_MAX = 64 * 1024 * 1024;

type Server = Readonly<{ address: string; port: number }>;
type Made = Readonly<{ counted?: number; version?: AkaVersion; transport?: 'udp' | 'tcp'; usim?: Usim }>;

const phoneAt = (
  server: Server,
  { counted = 0, version, transport = 'udp', usim }: Made = {},
): Promise<Phone> =>
  Phone.start({
    user: SIM.name,
    domain: DOMAIN,
    password: '',
    sim: { usim: usim ?? new Usim(SECRETS, counted * 32), ...(version === undefined ? {} : { version }) },
    server,
    transport,
    address: '127.0.0.1',
    clock,
    random,
  });

const statusOf = (answer: SipMessage | 'timeout'): number => (answer === 'timeout' ? 408 : answer.status);

const checkRegister = async (report: Report, what: string, phone: Phone): Promise<void> => {
  const status = statusOf(await phone.register({ headers: 'Supported: path\r\n' }));
  report.check(`${what} registers`, status === 200, String(status));
};

/** Every file below, and what the product said. */
const writtenBy = (product: Product): readonly (readonly [string, Buffer])[] =>
  readdirSync(product.dataDir, { recursive: true })
    .map((name) => path.join(product.dataDir, String(name)))
    .filter((file) => statSync(file).isFile() && statSync(file).size <= FILE_BYTES_MAX)
    .map((file) => [file, readFileSync(file)] as const);

const checkSecrecy = (report: Report, product: Product): void => {
  const all = [...writtenBy(product), ['output', Buffer.from(product.output())] as const];
  report.atLeast('filesLookedThrough', all.length, 5);
  for (const [name, key] of [
    ['K', K],
    ['OPc', OPC],
  ] as const)
    for (const needle of [Buffer.from(key), Buffer.from(key.toUpperCase()), Buffer.from(key, 'hex')]) {
      const found = all.filter(([, content]) => content.includes(needle)).map(([file]) => file);
      report.check(`${name} stands nowhere to be read`, found.length === 0, found.join());
    }
};

const onOne = async (report: Report, product: Product): Promise<void> => {
  await provisionUser(product, SIM, { aka: { k: K, opc: OPC } });
  const server = { address: '127.0.0.1', port: product.ports.BONO_PORT };
  const phones: Phone[] = [];
  const phone = async (made: Made): Promise<Phone> => {
    const one = await phoneAt(server, made);
    phones.push(one);
    return one;
  };
  try {
    const first = await phone({});
    await checkRegister(report, 'a SIM', first);
    const told = first.challenged?.by.raw ?? '';
    report.check('its challenge is AKAv1-MD5', told.includes('algorithm=AKAv1-MD5'), told);
    report.check('no key reaches it', !/\b[ci]k="/.test(told), told);
    await checkRegister(report, 'it again, over the same flow,', first);
    const replayed = statusOf(await first.register({ proof: 'replay' }));
    report.check('what it said once is of no use again', replayed === 401, String(replayed));
    const second = await phone({ version: 2, transport: 'tcp', counted: 5_000 });
    await checkRegister(report, 'version 2 over TCP, its count far ahead,', second);
    const modern = second.challenged?.by.raw ?? '';
    report.check('its challenge is AKAv2-MD5', modern.includes('algorithm=AKAv2-MD5'), modern);
    const forged = await phone({ usim: new Usim({ ...SECRETS, k: Buffer.alloc(16) }) });
    const status = statusOf(await forged.register());
    report.check('another SIM stays outside', status === 401, String(status));
    const { answer } = await second.call(first.aor);
    report.check('a call between the two is answered', statusOf(answer) === 200, String(statusOf(answer)));
    await product.kill9();
    await product.start();
    await checkRegister(report, 'after kill -9 the SIM', first);
    const lost = first.said.includes('auts=');
    report.check('the count outlived it: nothing had to be said again', !lost, first.said);
    checkSecrecy(report, product);
  } finally {
    await Promise.all(phones.map((one) => one.close()));
  }
};

const ROUNDS = 5;

/** Each router challenges what the other one judges; the other edge's flow is another contact, and that is all the same to AKA. */
const onTwo = async (report: Report, cluster: BenchCluster): Promise<void> => {
  await provisionUser(cluster.site(1), SIM, { aka: { k: K, opc: OPC } });
  const usim = new Usim(SECRETS);
  const phones = await Promise.all(
    [1, 2].map((n) => phoneAt({ address: cluster.bono(n), port: 5060 }, { usim })),
  );
  const uri = `sip:${DOMAIN}`;
  try {
    for (let round = 0; round < ROUNDS; round++) {
      const [asks, judges] = round % 2 === 0 ? phones : [...phones].reverse();
      const challenge = await asks!.register({ proof: 'none' });
      if (challenge === 'timeout' || challenge.status !== 401) throw new Error('not challenged');
      const line = judges!.authorization('REGISTER', uri, challenge, 1);
      const answers: number[] = [];
      for (const phone of [judges!, judges!, asks!]) {
        phone.said = line;
        answers.push(statusOf(await phone.register({ proof: 'replay' })));
      }
      report.check(
        `round ${round + 1}: in at the router that did not challenge, then at neither`,
        answers.join() === '200,401,401',
        answers.join(),
      );
    }
  } finally {
    await Promise.all(phones.map((one) => one.close()));
  }
};

const run = async (report: Report): Promise<void> => {
  await checkTests(report, 'Milenage, sequence numbers, digest', ['libs/aka'], { atLeast: 60 });
  await checkTests(report, 'AKA at two routers on one store', ['apps/sprout/src/authentication/aka-answer'], {
    atLeast: 15,
  });
  await withProduct({}, (product) => onOne(report, product));
  if (report.quick) return;
  const env = { KAFKA_PARTITIONS: '4' };
  await withCluster({ kafkaNodes: 1, isPinned: true, env }, (cluster) => onTwo(report, cluster));
};

export const line: Line = { run };
