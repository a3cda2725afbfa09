// 4.4: a program of thirty lines written with drachtio-srf answers, bridges, rejects and proxies calls that criteria send to it, and
// keeps its dialogs; killed under 50 calls a second, it costs no call that it had not answered with 101–199, each other one that was
// pending has its final answer, and each session a BYE on both sides, within 5 s.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Phone } from '#libs/phone';
import { systemClock as clock, systemRandom as random } from '#libs/runtime';
import { H, type SipMessage } from '#libs/sip';
import { type Child, sleep, startChild, until } from '../../harness/children.js';
import { cleanEnv, DOMAIN, type Product, withProduct } from '../../harness/product.js';
import { inRepository } from '../../harness/root.js';
import { PASSWORD, provisionUser, userOf } from '../../harness/users.js';
import { runJest } from '../jest-run.js';
import type { Line, Report } from '../line.js';

const SECRET = 'a-secret-of-applications';
const PROGRAM = inRepository('apps/clearwater/e2e/thirty-lines.mjs');
const E2E = ['--config', '.config/jest.e2e.config.mjs', '--runInBand', 'apps/clearwater/e2e/applications'];
const E2E_TESTS_MIN = 7;
const CALLS_A_SECOND = 50;
const BEFORE_S = 5;
const AFTER_S = 2;
const RINGS_MS_MAX = 400;
const ANSWERS_MS_MAX = 800;
const ENDED_MS_MAX = 5_000;
const SDP_TYPE = 'Content-Type: application/sdp\r\n';
const SDP = 'v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\ns=-\r\nc=IN IP4 192.0.2.1\r\nt=0 0\r\nm=audio 4000 RTP/AVP 0\r\na=sendrecv\r\n'; // prettier-ignore
const BRIDGED =
  '<ServiceProfile><InitialFilterCriteria><Priority>0</Priority><TriggerPoint><ConditionTypeCNF>1</ConditionTypeCNF>' +
  '<SPT><ConditionNegated>0</ConditionNegated><Group>0</Group><Method>INVITE</Method></SPT>' +
  '<SPT><ConditionNegated>0</ConditionNegated><Group>1</Group><SessionCase>1</SessionCase></SPT></TriggerPoint>' +
  `<ApplicationServer><ServerName>sip:bridge@drachtio.${DOMAIN}</ServerName><DefaultHandling>0</DefaultHandling></ApplicationServer>` +
  '</InitialFilterCriteria></ServiceProfile>';

type Call = { startedMs: number; rang: boolean; status: number; endedMs: number };

const phoneOf = async (product: Product, name: string, filterCriteria?: string): Promise<Phone> => {
  await provisionUser(product, userOf(name), filterCriteria === undefined ? {} : { filterCriteria });
  const server = { address: '127.0.0.1', port: product.ports.BONO_PORT };
  const account = { user: name, domain: DOMAIN, password: PASSWORD, server, transport: 'udp' } as const;
  const phone = await Phone.start({ ...account, address: '127.0.0.1', clock, random });
  const answer = await phone.register();
  if (answer === 'timeout' || answer.status !== 200) throw new Error(`${name} did not register`);
  return phone;
};

/** Sum of a metric over its labels. */
const metric = async (product: Product, name: string): Promise<number> => {
  const text = await (await fetch(`http://127.0.0.1:${product.ports.MANAGEMENT_PORT}/metrics`)).text();
  const values = [...text.matchAll(new RegExp(`^${name}(?:\\{[^}]*\\})? (\\S+)`, 'gm'))];
  return values.reduce((sum, [, value]) => sum + Number(value), 0);
};

const attached = (product: Product): Promise<number> => metric(product, 'drachtio_applications');

const startProgram = async (product: Product): Promise<Child> => {
  const DRACHTIO_PORT = String(product.ports.DRACHTIO_PORT);
  const env = { ...cleanEnv(), DRACHTIO_PORT, DRACHTIO_SECRET: SECRET };
  const program = startChild(process.execPath, [PROGRAM], { env });
  for (let tried = 0; tried < 250 && (await attached(product)) < 4; tried++) await sleep(40);
  return program;
};

/** Rings after a while, answers after a while more; what it has answered is its sessions. */
const pickUp = (phone: Phone): ReadonlySet<string> => {
  const sessions = new Set<string>();
  const cancelled = new Set<string>();
  phone.onCancelled = (invite) => void cancelled.add(invite.header(H.CallId)!);
  phone.onRequest = (request, reply) => {
    const callId = request.header(H.CallId)!;
    if (request.method === 'ACK') return void sessions.add(callId);
    if (request.method !== 'INVITE') return reply(200);
    const ringsMs = random.fraction() * RINGS_MS_MAX;
    const unlessCancelled = (act: () => void) => () => void (cancelled.has(callId) || act());
    clock.after(ringsMs, unlessCancelled(() => reply(180))); // prettier-ignore
    clock.after(ringsMs + random.fraction() * ANSWERS_MS_MAX, unlessCancelled(() => reply(200, SDP_TYPE, SDP))); // prettier-ignore
  };
  return sessions;
};

const place = (caller: Phone, callee: Phone): Call & { callId: string; over: Promise<void> } => {
  const callId = random.token(16);
  const from = `<${caller.aor}>;tag=${random.token(8)}`;
  const exchange = caller.request('INVITE', callee.aor, { callId, from, headers: SDP_TYPE, body: SDP });
  const call = { callId, startedMs: clock.monotonicMs(), rang: false, status: 0, endedMs: 0, over: Promise.resolve() }; // prettier-ignore
  call.over = exchange.final.then((answer) => {
    call.endedMs = clock.monotonicMs();
    call.status = answer === 'timeout' ? 408 : answer.status;
    call.rang = exchange.responses.some(({ status }) => status > 100 && status < 200);
    if (answer !== 'timeout' && answer.status === 200)
      caller.inDialog('ACK', { request: { ...exchange.request, from }, answer }, 1);
  });
  return call;
};

const byesTo = (phone: Phone): ReadonlySet<string> =>
  new Set(
    phone.received.filter(({ method }) => method === 'BYE').map((bye: SipMessage) => bye.header(H.CallId)!),
  );

const killUnderCalls = async (report: Report, product: Product): Promise<void> => {
  const caller = await phoneOf(product, 'caller');
  const callee = await phoneOf(product, 'callee', BRIDGED);
  const program = await startProgram(product);
  report.check('four applications attach', (await attached(product)) === 4, program.output());
  const sessions = pickUp(callee);
  const calls: ReturnType<typeof place>[] = [];
  const beforeS = report.quick ? 2 : BEFORE_S;
  let killedMs = Number.POSITIVE_INFINITY;
  let established: readonly string[] = [];
  let calleesSessions: readonly string[] = [];
  try {
    const startedMs = clock.monotonicMs();
    for (let n = 0; n < (beforeS + AFTER_S) * CALLS_A_SECOND; n++) {
      const dueMs = startedMs + (n * 1_000) / CALLS_A_SECOND;
      if (clock.monotonicMs() < dueMs) await sleep(dueMs - clock.monotonicMs());
      calls.push(place(caller, callee));
      if (n !== beforeS * CALLS_A_SECOND) continue;
      program.signal('SIGKILL');
      killedMs = clock.monotonicMs();
      established = calls.filter(({ status }) => status === 200).map(({ callId }) => callId);
      calleesSessions = [...sessions];
    }
    await Promise.all(calls.map(({ over }) => over));
    const left = killedMs + ENDED_MS_MAX - clock.monotonicMs();
    const isOver = (): true | undefined =>
      (established.every((id) => byesTo(caller).has(id)) &&
        calleesSessions.every((id) => byesTo(callee).has(id))) ||
      undefined;
    await until('sessions end', Math.max(1, left), isOver).catch(() => undefined);
    const refused = await metric(product, 'bono_overload_refused_total');
    judge(report, { refused, calls, killedMs, established, calleesSessions, caller, callee });
  } finally {
    program.signal('SIGKILL');
    await Promise.all([caller.close(), callee.close()]);
  }
};

type Outcome = Readonly<{
  /** By the edge's overload control: a 503 never comes from further inside. */
  refused: number;
  calls: readonly (Call & { callId: string })[];
  killedMs: number;
  established: readonly string[];
  calleesSessions: readonly string[];
  caller: Phone;
  callee: Phone;
}>;

const judge = (report: Report, outcome: Outcome): void => {
  const { refused, calls, killedMs, established, calleesSessions, caller, callee } = outcome;
  const pending = calls.filter(({ startedMs, endedMs }) => startedMs <= killedMs && endedMs > killedMs);
  const lost = calls.filter(({ status }) => status !== 200 && status !== 503);
  const refusals = calls.filter(({ status }) => status === 503).length;
  report.figure('refusedByOverload', refused);
  report.check('each 503 is overload control’s', refusals <= refused, `${refusals} of ${refused}`);
  report.figure('calls', calls.length);
  report.figure('pendingWhenKilled', pending.length);
  report.figure('failedThatRang', lost.filter(({ rang }) => rang).length);
  report.figure('establishedWhenKilled', established.length);
  report.atLeast('pendingWhenKilled', pending.length, 10);
  report.atLeast('establishedWhenKilled', established.length, 10);
  const unjust = lost.filter(({ rang, startedMs }) => !rang || startedMs > killedMs);
  report.atMost('lostThatHadNotRung', unjust.length, 0);
  const slowest = Math.max(
    0,
    ...pending.filter(({ status }) => status !== 200).map(({ endedMs }) => endedMs - killedMs),
  );
  report.atMost('finalAnswerAfterMs', Math.round(slowest), ENDED_MS_MAX);
  report.atMost('callersWithoutBye', established.filter((id) => !byesTo(caller).has(id)).length, 0);
  report.atMost('calleesWithoutBye', calleesSessions.filter((id) => !byesTo(callee).has(id)).length, 0);
};

export const line: Line = {
  async run(report) {
    const folder = mkdtempSync(path.join(tmpdir(), 'applications-'));
    try {
      const tests = await runJest(E2E, path.join(folder, 'output.json'), cleanEnv());
      report.check(
        'the program answers, bridges, rejects and proxies',
        tests.failed === 0,
        tests.failures.join('; '),
      );
      report.atLeast('tests: applications on the running product', tests.passed, E2E_TESTS_MIN);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
    await withProduct({ env: { DRACHTIO_SECRET: SECRET } }, (product) => killUnderCalls(report, product));
  },
};
