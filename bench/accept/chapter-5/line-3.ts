// 5.3: registration state told to watchers while devices register at 20 a second and the product is killed with -9 in the middle: each
// watcher's last document equals the truth, versions rise, a gap comes only directly before full state, and nothing older after
// what is newer. A watcher that falls silent loses its subscription and holds up nobody.
import { bindingsIn, Phone } from '#libs/phone';
import { systemClock as clock, systemRandom as random } from '#libs/runtime';
import { H, type SipMessage } from '#libs/sip';
import { sleep, until } from '../../harness/children.js';
import { DOMAIN, type Product, withProduct } from '../../harness/product.js';
import { PASSWORD, provisionUser, userOf } from '../../harness/users.js';
import { runHistory } from '../history-run.js';
import type { Line, Report } from '../line.js';

const ALICE = userOf('alice');
const STREAM = `registration-${ALICE.impu}`;
const DEVICES = 8;
const REGISTRATIONS_A_SECOND = 20;
const BEFORE_S = 10;
const AFTER_S = 10;
const SILENT_FROM_S = 2;
/** A SIP transaction without an answer, and a little more. */
const LOST_MS_MAX = 40_000;
const CAUGHT_UP_MS_MAX = 15_000;
const UNREGISTERS = 0.3;

const SERVERS = `<ServiceProfile><InitialFilterCriteria><Priority>0</Priority><TriggerPoint><ConditionTypeCNF>1</ConditionTypeCNF><SPT><ConditionNegated>0</ConditionNegated><Group>0</Group><Method>PUBLISH</Method></SPT></TriggerPoint><ApplicationServer><ServerName>sip:127.0.0.1:5999</ServerName><DefaultHandling>0</DefaultHandling></ApplicationServer></InitialFilterCriteria></ServiceProfile>`;

/** What a watcher makes of its documents (RFC 3680 §5.2), and what is wrong with them. */
class Watcher {
  readonly active = new Set<string>();
  readonly problems: string[] = [];
  documents = 0;
  full = 0;
  gaps = 0;
  isSilent = false;
  #version = -1;
  #cseq = 0;
  /** Newest CSeq of a REGISTER, by the contact that it was for. */
  readonly #registered = new Map<string, number>();

  constructor(readonly name: string) {}

  take(notify: SipMessage): void {
    const [, version = '', state = ''] = /version="(\d+)" state="(\w+)"/.exec(notify.body) ?? [];
    const isFull = state === 'full';
    this.documents++;
    if (isFull) this.full++;
    if (Number(version) <= this.#version) this.problems.push(`version ${version} after ${this.#version}`);
    if (notify.cseq <= this.#cseq) this.problems.push(`CSeq ${notify.cseq} after ${this.#cseq}`);
    if (Number(version) > this.#version + 1) {
      this.gaps++;
      if (!isFull) this.problems.push(`gap before partial document ${version}`);
    }
    this.#version = Number(version);
    this.#cseq = notify.cseq;
    if (isFull) this.active.clear();
    for (const [, is, cseq, uri = ''] of notify.body.matchAll(
      /<contact id="[^"]*" state="(\w+)"[^>]* cseq="(\d+)"><uri>([^<]*)</g,
    )) {
      if (Number(cseq) < (this.#registered.get(uri) ?? 0)) this.problems.push(`older state of ${uri}`);
      this.#registered.set(uri, Number(cseq));
      if (is === 'active') this.active.add(uri);
      else this.active.delete(uri);
    }
  }
}

const phoneAt = (port: number, transport: 'udp' | 'tcp'): Promise<Phone> =>
  Phone.start({
    user: ALICE.name,
    domain: DOMAIN,
    password: PASSWORD,
    server: { address: '127.0.0.1', port },
    transport,
    address: '127.0.0.1',
    clock,
    random,
  });

/** An application server of hers that watches. */
const watch = async (report: Report, product: Product, name: string) => {
  const watcher = new Watcher(name);
  const phone = await phoneAt(product.ports.SCSCF_PORT, 'tcp');
  phone.onRequest = (request, reply) => {
    if (watcher.isSilent) return;
    if (request.method === 'NOTIFY') watcher.take(request);
    reply(200);
  };
  const from = `<sip:127.0.0.1:${phone.port}>;tag=${random.token(8)}`;
  const headers = 'Event: reg\r\nExpires: 461\r\n';
  const answer = await phone.request('SUBSCRIBE', ALICE.impu, { from, headers }).final;
  const status = answer === 'timeout' ? 408 : answer.status;
  report.check(`${name} may watch`, status === 200, `${status}`);
  return { watcher, phone, tag: answer === 'timeout' ? '' : (answer.header(H.To)?.split('tag=')[1] ?? '') };
};

/** Registers and leaves, one request at a time a device, at the rate of all. */
const registerSteadily = async (devices: readonly Phone[], isRunning: () => boolean): Promise<number> => {
  const startedMs = clock.monotonicMs();
  const busy = new Set<Phone>();
  let sent = 0;
  for (let turn = 0; isRunning(); turn++) {
    const dueMs = startedMs + (turn * 1_000) / REGISTRATIONS_A_SECOND;
    if (clock.monotonicMs() < dueMs) await sleep(dueMs - clock.monotonicMs());
    const device = devices.find((each, n) => !busy.has(each) && n >= turn % DEVICES) ?? devices.find((each) => !busy.has(each)); // prettier-ignore
    if (device === undefined) continue;
    busy.add(device);
    sent++;
    // One stays: without any there is nothing to watch.
    const expiresS = device !== devices[0] && random.fraction() < UNREGISTERS ? 0 : 300;
    void device.register({ expiresS, proof: 'usual' }).then(() => busy.delete(device));
  }
  await until('answers', LOST_MS_MAX, () => (busy.size === 0 ? true : undefined));
  return sent;
};

/** The bindings as the registrar tells them. */
const truthOf = async (device: Phone): Promise<readonly string[]> => {
  const answer = await device.register({ contact: '', expiresS: 'none', proof: 'challenge' });
  return answer === 'timeout' ? ['no answer'] : [...bindingsIn(answer).keys()].sort();
};

const watchedBy = async (product: Product): Promise<string> =>
  (await runHistory(product, 'state', STREAM)).text;

type Watching = Awaited<ReturnType<typeof watch>>;

const judge = async (
  report: Report,
  product: Product,
  devices: readonly Phone[],
  alive: readonly Watching[],
) => {
  const truth = await truthOf(devices[0]!);
  for (const { watcher } of alive) {
    const same = (): true | undefined =>
      [...watcher.active].sort().join() === truth.join() ? true : undefined;
    await until(`${watcher.name} to know`, CAUGHT_UP_MS_MAX, same).catch(() => undefined);
    report.check(
      `${watcher.name}'s last document equals the truth`,
      same() === true,
      `${[...watcher.active].sort().join()} is not ${truth.join()}`,
    );
    report.check(`${watcher.name}'s documents are in order`, watcher.problems.length === 0, watcher.problems.join('; ')); // prettier-ignore
    report.figure(`documentsOf-${watcher.name}`, watcher.documents);
    report.figure(`fullOf-${watcher.name}`, watcher.full);
    report.figure(`gapsOf-${watcher.name}`, watcher.gaps);
    report.check(`${watcher.name} got full state after the crash`, watcher.full >= 2);
  }
  report.check(
    'who answers is watching still',
    alive.every(({ tag }) => tag !== ''),
    '',
  );
  const left = await watchedBy(product);
  for (const { tag, watcher } of alive)
    report.check(`${watcher.name} is still there`, left.includes(tag), left);
};

const run = async (report: Report, product: Product): Promise<void> => {
  await provisionUser(product, ALICE, { filterCriteria: SERVERS });
  const devices: Phone[] = [];
  for (let n = 0; n < DEVICES; n++) devices.push(await phoneAt(product.ports.BONO_PORT, 'udp'));
  await devices[0]!.register();
  const first = await watch(report, product, 'first');
  const second = await watch(report, product, 'second');
  const dead = await watch(report, product, 'dead');
  const alive = [first, second];
  try {
    let isRunning = true;
    const registering = registerSteadily(devices, () => isRunning);
    await sleep(SILENT_FROM_S * 1_000);
    dead.watcher.isSilent = true;
    const before = first.watcher.documents;
    await sleep((report.quick ? 3 : BEFORE_S) * 1_000);
    report.atLeast('documentsWhileOneIsSilent', first.watcher.documents - before, 20);
    await product.kill9();
    const readyMs = await product.start();
    report.figure('readyAfterKillMs', readyMs);
    await sleep((report.quick ? 3 : AFTER_S) * 1_000);
    isRunning = false;
    report.figure('registrations', await registering);
    await judge(report, product, devices, alive);
    const isLost = async (): Promise<true | undefined> =>
      (await watchedBy(product)).includes(dead.tag) ? undefined : true;
    const lost = await until('the silent one to be given up', LOST_MS_MAX, isLost).catch(() => false);
    report.check('who is silent loses its subscription', lost === true);
  } finally {
    await Promise.all([...devices, first.phone, second.phone, dead.phone].map((phone) => phone.close()));
  }
};

export const line: Line = { run: (report) => withProduct({}, (product) => run(report, product)) };
