// 6.3: all subscribers in an HSS only. They register and call; the HSS is stopped for a minute, while calls go on: who is registered calls
// on, everybody else gets 504, nobody 403, 404 or 480; then RTR ends a registration, with its NOTIFY within a second, and PPR changes
// filter criteria for the next call.
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Phone } from '#libs/phone';
import { systemClock as clock, systemRandom as random } from '#libs/runtime';
import { H, type SipMessage } from '#libs/sip';
import { sleep, until } from '../../harness/children.js';
import { freePort } from '../../harness/ports.js';
import { DOMAIN, type Product, withProduct } from '../../harness/product.js';
import { inRepository } from '../../harness/root.js';
import { PASSWORD } from '../../harness/users.js';
import type { Line, Report } from '../line.js';

const REGISTERED = 20;
const OTHERS = 10;
const CALLS_A_SECOND = 5;
const AWAY_S = 60;
const AWAY_QUICK_S = 10;
/** Until the product calls the HSS again (RFC 3539: 6 s ± 2), and some. */
const BACK_MS_MAX = 30_000;
const NOTIFIED_MS_MAX = 1_000;
const SAID_MS_MAX = 10_000;
const TO_NOBODY =
  '<InitialFilterCriteria><Priority>0</Priority><TriggerPoint><ConditionTypeCNF>0</ConditionTypeCNF><SPT><ConditionNegated>0</ConditionNegated>' +
  '<Group>0</Group><Method>INVITE</Method></SPT></TriggerPoint><ApplicationServer><ServerName>sip:127.0.0.1:9;transport=tcp</ServerName>' +
  '<DefaultHandling>1</DefaultHandling></ApplicationServer></InitialFilterCriteria>';

type Hss = Readonly<{ type(command: string, answer: string): Promise<void>; stop(): Promise<void> }>;

const startHss = async (file: string, port: number): Promise<Hss> => {
  const main = inRepository('dist/apps/hss/src/main.js');
  const args = [main, '--listen', `127.0.0.1:${port}`, '--subscribers', file, '--quiet'];
  const child = spawn(process.execPath, args, { stdio: ['pipe', 'ignore', 'pipe'] });
  let said = '';
  child.stderr.on('data', (bytes: Buffer) => (said += bytes.toString()));
  const exit = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  const hears = (text: string) =>
    until(`the HSS to say “${text}”`, SAID_MS_MAX, () => (said.includes(text) ? true : undefined));
  await hears('subscribers');
  return {
    async type(command, answer) {
      said = '';
      child.stdin.write(`${command}\n`);
      await hears(answer);
    },
    async stop() {
      child.kill('SIGTERM');
      await exit;
    },
  };
};

const names = Array.from({ length: REGISTERED + OTHERS }, (_, n) => `user${n}`);
const writeSubscribers = (file: string, criteria: Readonly<Record<string, string>> = {}): void =>
  writeFileSync(
    file,
    JSON.stringify(
      names.map((name) => ({
        impi: `${name}@${DOMAIN}`,
        impus: [`sip:${name}@${DOMAIN}`],
        password: PASSWORD,
        ...(criteria[name] === undefined ? {} : { filterCriteria: criteria[name] }),
      })),
    ),
  );

const startPhone = (product: Product, user: string): Promise<Phone> => {
  const server = { address: '127.0.0.1', port: product.ports.BONO_PORT };
  const account = { user, domain: DOMAIN, password: PASSWORD, server, transport: 'udp' } as const;
  return Phone.start({ ...account, address: '127.0.0.1', clock, random });
};

const statusOf = (answer: SipMessage | 'timeout'): number => (answer === 'timeout' ? 408 : answer.status);

const call = async (caller: Phone, callee: Phone): Promise<number> => {
  const { request, answer } = await caller.call(callee.aor);
  if (answer === 'timeout' || answer.status !== 200) return statusOf(answer);
  return statusOf(await caller.inDialog('BYE', { request, answer }, 2)!.final);
};

const count = (statuses: readonly number[]): Readonly<Record<string, number>> => {
  const counts: Record<string, number> = {};
  for (const status of statuses) counts[status] = (counts[status] ?? 0) + 1;
  return counts;
};

/** Calls among the registered at a steady pace, and meanwhile what the others try. */
const whileAway = async (report: Report, registered: readonly Phone[], others: readonly Phone[], seconds: number) => {
  const calls: Promise<number>[] = [];
  const tries: Promise<number>[] = [];
  for (let n = 0; n < seconds * CALLS_A_SECOND; n++) {
    const caller = registered[n % REGISTERED]!;
    calls.push(call(caller, registered[(n + 1 + Math.floor(n / REGISTERED)) % REGISTERED]!));
    const other = others[n % OTHERS]!;
    if (n % CALLS_A_SECOND === 0) tries.push(other.register().then(statusOf));
    if (n % CALLS_A_SECOND === 1) tries.push(caller.request('MESSAGE', other.aor, { contact: '' }).final.then(statusOf));
    if (n % CALLS_A_SECOND === 2) tries.push(caller.request('MESSAGE', `sip:stranger${n}@${DOMAIN}`, { contact: '' }).final.then(statusOf));
    if (n % CALLS_A_SECOND === 3) calls.push(caller.register().then(statusOf));
    await sleep(1_000 / CALLS_A_SECOND);
  }
  const [done, tried] = [count(await Promise.all(calls)), count(await Promise.all(tries))];
  report.figure('registeredWhileAway', done);
  report.figure('othersWhileAway', tried);
  report.check('who is registered calls on and registers again', Object.keys(done).join() === '200', JSON.stringify(done));
  report.check('everything else is 504', Object.keys(tried).join() === '504', JSON.stringify(tried));
}; // prettier-ignore

const untilBack = (phone: Phone): Promise<number> =>
  until('the HSS to be asked again', BACK_MS_MAX, async () => {
    const status = statusOf(await phone.register());
    if (status !== 504) return status;
    await sleep(250);
    return undefined;
  });

const checkPushes = async (report: Report, hss: Hss, file: string, caller: Phone, callee: Phone) => {
  const [impi] = [`${callee.options.user}@${DOMAIN}`];
  report.check('a call before PPR', (await call(caller, callee)) === 200);
  writeSubscribers(file, { [callee.options.user]: TO_NOBODY });
  await hss.type('reload', 'subscribers');
  await hss.type(`ppr ${impi}`, 'answered 2001');
  const changed = await call(caller, callee);
  report.check('PPR: the next call meets the changed criteria', changed !== 200, String(changed));
  writeSubscribers(file);
  await hss.type('reload', 'subscribers');
  await hss.type(`ppr ${impi}`, 'answered 2001');
  report.check('PPR: and the one after it those of before', (await call(caller, callee)) === 200);

  const subscribed = await callee.request('SUBSCRIBE', callee.aor, { headers: 'Event: reg\r\nExpires: 600\r\n' }).final; // prettier-ignore
  report.check('the registration is watched', statusOf(subscribed) === 200, String(statusOf(subscribed)));
  let notifiedMs = Infinity;
  const { onRequest } = callee;
  callee.onRequest = (request, reply) => {
    const state = request.header(H.SubscriptionState) ?? '';
    if (request.method === 'NOTIFY' && state.startsWith('terminated')) notifiedMs = clock.monotonicMs();
    onRequest(request, reply);
  };
  const startedMs = clock.monotonicMs();
  await hss.type(`rtr ${impi}`, 'answered 2001');
  await until('the NOTIFY', SAID_MS_MAX, () => (notifiedMs < Infinity ? true : undefined)).catch(() => false);
  report.atMost('notifiedAfterRtrMs', Math.round(notifiedMs - startedMs), NOTIFIED_MS_MAX);
  const gone = statusOf(await caller.request('MESSAGE', callee.aor, { contact: '' }).final);
  report.check('RTR: nobody reaches it', gone === 480, String(gone));
  report.check('and it registers again', statusOf(await callee.register()) === 200);
};

export const line: Line = {
  async run(report) {
    const folder = mkdtempSync(path.join(tmpdir(), 'accept-hss-'));
    const file = path.join(folder, 'subscribers.json');
    const port = await freePort();
    writeSubscribers(file);
    let hss = await startHss(file, port);
    const env = { HSS_PEERS: `127.0.0.1:${port}`, DIAMETER_TIMEOUT_MS: '2000' };
    try {
      await withProduct({ env }, async (product) => {
        const phones = await Promise.all(names.map((name) => startPhone(product, name)));
        const [registered, others] = [phones.slice(0, REGISTERED), phones.slice(REGISTERED)];
        try {
          const first = await Promise.all(registered.map((phone) => phone.register().then(statusOf)));
          report.check('they register', Object.keys(count(first)).join() === '200', JSON.stringify(count(first)));
          report.check('and call', (await call(registered[0]!, registered[1]!)) === 200);
          const awayS = report.quick ? AWAY_QUICK_S : AWAY_S;
          report.note(`the HSS is stopped for ${awayS} s`);
          await hss.stop();
          await whileAway(report, registered, others, awayS);
          hss = await startHss(file, port);
          report.check('others register when it is back', (await untilBack(others[0]!)) === 200);
          await checkPushes(report, hss, file, registered[0]!, others[0]!);
        } finally {
          await Promise.all(phones.map((phone) => phone.close()));
        }
      });
    } finally {
      await hss.stop();
      rmSync(folder, { recursive: true, force: true });
    }
  },
}; // prettier-ignore
