// 8.4: a deployment on real engines goes back to a moment ten minutes before, on empty stores, by the steps of docs/backup.md: its views row by row, its
// credentials, its timers and what history tells are as of then, and its archive agrees with its log. The short form goes back half a minute.
// The archive is the stand-in of libs/archive: no EventStoreDB runs here (docs/archive.md).
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { RealEngine } from '#libs/testkit';
import { type Callback, startReceiver } from '../../harness/chronos.js';
import { sleep, until } from '../../harness/children.js';
import { type Product, urlOf } from '../../harness/product.js';
import {
  type Deployment,
  type Engines,
  envOf,
  runCommand,
  startDeployment,
  startEngines,
} from '../../restore/deployment.js';
import {
  ACCOUNT_PASSWORDS,
  ACCOUNTS,
  AFTER,
  ALICE,
  BOB,
  callOnce,
  CAROL,
  DAVE,
  ERIN,
  FRANK,
  GRETA,
  liveAfter,
  liveBefore,
  PASSWORDS,
  registerWith,
  type ShownTimer,
  timersOf,
} from '../../restore/life.js';
import {
  countOf,
  differences,
  withoutNodes,
  type Rows,
  type Told,
  toldByArchive,
  toldByLog,
  toldUntil,
  viewsOf,
} from '../../restore/pictures.js';
import { runHistory } from '../history-run.js';
import type { Line, Report } from '../line.js';
import { askEllis } from '../chapter-7/ellis-client.js';

/** How long after the moment everything goes on. */
const FULL_S = 600;
const SHORT_S = 30;
/** Nothing is on its way at the moment, and nothing of after bears its time. */
const QUIET_MS = 2_000;
const TIMER_POPS_S = 20;
const POP_MS_MAX = 60_000;
const SHOWN_MAX = 5;
const SHOWN_STREAMS = [
  'subscriber-',
  `credential-${ALICE.impi}`,
  `registration-${ERIN.impu}`,
  `account-${ACCOUNTS.kept}`,
] as const;

const AORS = [ALICE, BOB, CAROL, DAVE, ERIN, FRANK, GRETA].map(({ impu }) => impu);

type Moment = Readonly<{
  atMs: number;
  views: Rows;
  timers: readonly ShownTimer[];
  shown: ReadonlyMap<string, string>;
}>;

/** By timer's id: what it waits for. */
const timersById = (timers: readonly ShownTimer[]): ReadonlyMap<string, string> =>
  new Map(timers.map(({ id, ...rest }) => [id, JSON.stringify(rest)]));

const check = (report: Report, what: string, found: readonly string[]): void =>
  report.check(what, found.length === 0, `${found.length}: ${found.slice(0, SHOWN_MAX).join('; ')}`);

/** Node's warnings about kafkajs stand between the lines of the command's answer. */
const isWarning = (row: string): boolean => /warning|^Timeout duration/i.test(row);
/** How long ago it was, beside the time. */
const AGO = /(Z) +[\d a-z]+ ago/;

const showText = async (product: Product, stream: string): Promise<string> =>
  (await runHistory(product, 'show', stream)).text
    .split('\n')
    .filter((row) => !isWarning(row))
    .map((row) => row.replace(AGO, '$1'))
    .join('\n');

const shownOf = async (product: Product, told: Told): Promise<ReadonlyMap<string, string>> => {
  const streams = SHOWN_STREAMS.flatMap((start) =>
    [...told.keys()].filter((stream) => stream.startsWith(start)).slice(0, 1),
  );
  const shown = new Map<string, string>();
  for (const stream of streams) shown.set(stream, await showText(product, stream));
  return shown;
};

const takeMoment = async (engines: Engines, deployment: Deployment): Promise<Moment> => {
  await sleep(QUIET_MS);
  const atMs = Date.now();
  await sleep(QUIET_MS);
  const { product } = deployment;
  // One of them pops soon.
  const timers = await timersOf(product);
  const views = await viewsOf(engines, deployment, AORS);
  return { atMs, views, timers, shown: await shownOf(product, await toldByLog(engines, deployment)) };
};

/** The steps of docs/backup.md. The names are another deployment's: its log, keyspace and cache are empty. */
const goBack = async (
  engines: Engines,
  from: Deployment,
  name: string,
  backup: string,
  momentMs: number,
): Promise<void> => {
  const kafka = `kafka:${engines.kafka.endpoints.join(',')}`;
  const log = 'dist/apps/clearwater/src/cli/log.js';
  const credentials = 'dist/apps/clearwater/src/cli/credentials.js';
  const there = envOf(engines, from.name, from.generation);
  const asThen = ['--until', new Date(momentMs).toISOString()];
  await runCommand(log, ['copy', '--from', kafka, '--to', `embedded:${backup}`, ...asThen], there);
  await runCommand(
    credentials,
    ['copy', '--from', `cassandra:${from.name}`, '--to', `embedded:${backup}`],
    there,
  );
  const here = envOf(engines, name, from.generation + 2);
  await runCommand(log, ['copy', '--from', `embedded:${backup}`, '--to', kafka], here);
  await runCommand(credentials, ['copy', '--from', `embedded:${backup}`, '--to', `cassandra:${name}`], here);
};

const REFUSED = [401, 403, 404];

/** Before anybody writes there: registering does. */
const checkViews = async (
  report: Report,
  engines: Engines,
  back: Deployment,
  moment: Moment,
): Promise<void> => {
  const rows = await viewsOf(engines, back, AORS);
  report.figure('rows', rows.size);
  report.atLeast('rows of views compared', moment.views.size, 20);
  check(report, 'every row of every view is that of the moment', differences(moment.views, rows));
};

const checkHistory = async (
  report: Report,
  engines: Engines,
  deployments: readonly [Deployment, Deployment],
  moment: Moment,
): Promise<void> => {
  const [former, back] = [await toldByLog(engines, deployments[0]), await toldByLog(engines, deployments[1])];
  const before = toldUntil(former, moment.atMs);
  report.figure('events', { before: countOf(before), after: countOf(former) - countOf(before) });
  report.atLeast('events after the moment', countOf(former) - countOf(before), 20);
  check(
    report,
    'history before the moment is the same, event by event',
    differences(before, toldUntil(back, moment.atMs)),
  );
  const known = new Set([...back.values()].flat().map(({ id }) => id));
  const late = [...former.values()]
    .flat()
    .filter(({ time, id }) => Date.parse(time) > moment.atMs && known.has(id));
  check(
    report,
    'nothing of after the moment is in the log',
    late.map(({ type, subject }) => `${type} of ${subject}`),
  );
  for (const [stream, text] of moment.shown) {
    const now = await showText(deployments[1].product, stream);
    report.check(`history show ${stream} says what it said`, now === text, `${text}\n→\n${now}`);
  }
  report.atLeast('streams shown', moment.shown.size, 3);
};

const checkCredentials = async (report: Report, product: Product): Promise<void> => {
  const told: Record<string, number> = {};
  const asked = [
    [ALICE, PASSWORDS.alice, true, 'her password of then'],
    [ALICE, 'two', false, 'one of after'],
    [ALICE, AFTER.alice, false, 'the newest'],
    [FRANK, PASSWORDS.frank, true, 'his password of then'],
    [FRANK, 'first', false, 'one that was replaced before'],
    [FRANK, AFTER.frank, false, 'one of after'],
    [BOB, PASSWORDS.bob, true, 'the password of who was deleted since'],
    [DAVE, PASSWORDS.dave, true, 'an unchanged one'],
    [CAROL, AFTER.carol, false, 'that of who came since'],
    [GRETA, 'gretas', false, 'that of who was deleted before'],
  ] as const;
  for (const [user, password, isRight, what] of asked) {
    const status = await registerWith(product, user, password);
    told[`${user.name}, ${what}`] = status;
    report.check(
      `${user.name} is ${isRight ? 'registered' : 'refused'} with ${what}`,
      isRight ? status === 200 : REFUSED.includes(status),
      String(status),
    );
  }
  const ellis = urlOf(product, 'ELLIS_PORT');
  for (const [username, password, status] of [
    [ACCOUNTS.kept, ACCOUNT_PASSWORDS.then, 201],
    [ACCOUNTS.kept, ACCOUNT_PASSWORDS.after, 403],
    [ACCOUNTS.deleted, ACCOUNT_PASSWORDS.then, 201],
    [ACCOUNTS.late, ACCOUNT_PASSWORDS.then, 403],
  ] as const) {
    const reply = await askEllis(ellis, 'POST', '/session/', { body: { username, password } });
    told[`${username}, ${password}`] = reply.status;
    report.check(
      `${username} with ${password}: ${status}`,
      reply.status === status,
      `${reply.status} ${reply.text}`,
    );
  }
  report.figure('told', told);
};

type Called = readonly Callback[];

/** The one that popped since pops again, as the one that it was; all the others wait for when they waited. */
const checkTimers = async (
  report: Report,
  product: Product,
  moment: Moment,
  called: Called,
): Promise<void> => {
  const popped = moment.timers.filter(({ uri }) => uri.endsWith('/popped-after'));
  const waits = (timers: readonly ShownTimer[]) =>
    timersById(timers.filter(({ uri }) => !uri.endsWith('/popped-after')));
  report.check(
    'the timers of the moment are those that were set',
    moment.timers.length === 3 && popped.length === 1,
    JSON.stringify(moment.timers),
  );
  check(
    report,
    'timers wait for when they waited',
    differences(waits(moment.timers), waits(await timersOf(product))),
  );
  const pops = (): Called => called.filter(({ path: place }) => place === '/popped-after');
  await until('what was due since the moment to pop', POP_MS_MAX, () =>
    pops().length >= 2 ? true : undefined,
  ).catch(() => undefined);
  report.check(
    'what was due since the moment pops again, under its number',
    pops().length === 2 && new Set(pops().map(({ sequence }) => sequence)).size === 1,
    JSON.stringify(called),
  );
  check(
    report,
    'no other timer pops',
    called.filter(({ path: place }) => place !== '/popped-after').map(({ path: place }) => place),
  );
};

const checkArchive = async (report: Report, engines: Engines, back: Deployment): Promise<void> => {
  const log = await toldByLog(engines, back);
  const archive = await toldByArchive(back, countOf(log));
  check(report, 'the archive tells each stream as the log does', differences(withoutNodes(log), archive));
  const verified = await runHistory(back.product, 'verify');
  report.check('history verify finds the archive whole', verified.code === 0, verified.text);
};

const play = async (report: Report, engines: Engines, folder: string): Promise<void> => {
  const called: Callback[] = [];
  const receiver = await startReceiver((callback) => void called.push(callback));
  const callbackUrl = `http://127.0.0.1:${receiver.port}`;
  const [name, keys] = [`restore${process.pid}`, path.join(folder, 'keys')];
  mkdirSync(keys, { recursive: true, mode: 0o700 });
  const common = { engines, keys };
  let back: Deployment | undefined;
  const former = await startDeployment({
    ...common,
    name,
    generation: 1,
    folder: path.join(folder, 'former'),
  });
  try {
    report.note('life before the moment');
    const before = await liveBefore(report, former.product, callbackUrl, TIMER_POPS_S);
    const moment = await takeMoment(engines, former);
    report.note('life after it');
    await liveAfter(report, former.product, before, callbackUrl);
    await sleep(Math.max(0, moment.atMs + (report.quick ? SHORT_S : FULL_S) * 1000 - Date.now()));
    report.figure('goneBackS', Math.round((Date.now() - moment.atMs) / 1000));
    report.check('a timer pops after the moment', called.length === 1, JSON.stringify(called));
    report.note('backup, and back to the moment');
    await former.product.stop();
    const restored = `${name}b`;
    await goBack(engines, former, restored, path.join(folder, 'backup'), moment.atMs);
    back = await startDeployment({
      ...common,
      name: restored,
      generation: 3,
      folder: path.join(folder, 'back'),
    });
    await checkViews(report, engines, back, moment);
    await checkTimers(report, back.product, moment, called);
    await checkHistory(report, engines, [former, back], moment);
    await checkArchive(report, engines, back);
    await checkCredentials(report, back.product);
    await callOnce(report, back.product, [PASSWORDS.alice, PASSWORDS.dave], 'after going back');
    await checkArchive(report, engines, back);
    report.check('what was restored stops cleanly', (await back.stop()) === 0);
  } finally {
    receiver.close();
    await back?.stop();
    await former.stop();
  }
};

export const line: Line = {
  async run(report) {
    const folder = mkdtempSync(path.join(tmpdir(), 'restore-'));
    const started: RealEngine[] = [];
    report.figure('archive', 'stand-in on the client’s service definitions');
    try {
      await play(report, await startEngines(started), folder);
    } finally {
      for (const engine of started) await engine.stop();
      rmSync(folder, { recursive: true, force: true });
    }
  },
}; // prettier-ignore
