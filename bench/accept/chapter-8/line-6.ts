// 8.6: docs/see-it-work.md typed word for word in a fresh clone, without docker: engines and cluster, phones that register and call, a broker killed,
// calls that go on, the broker back, the log asked. With docker: its file is checked (docker-compose config), since a daemon is nothing that a test can bring along.
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { type Child, sleep, startChild, until } from '../../harness/children.js';
import { commandsIn, type Typed } from '../../newcomer/page.js';
import { newcomersEnv, withFreshClone } from '../fresh-clone.js';
import type { Line, Report } from '../line.js';

const PAGE = 'docs/see-it-work.md';
/** Packages may have to be fetched. */
const CLUSTER_MS_MAX = 900_000;
const COMMAND_MS_MAX = 300_000;
const DEMO_MS_MAX = 120_000;
const STOP_MS_MAX = 60_000;
const ROUNDS_BEFORE = 10;
/** One after the other, none of them failed: it goes on. */
const ROUNDS_AFTER = 20;
/** The page: ten seconds or so. A round that waits for its answers is part of it. */
const LED_BY_NOBODY_S_MAX = 20;

type Terminal = Readonly<{ cwd: string; env: NodeJS.ProcessEnv }>;

/** In a session of its own, as each terminal has one. */
const type = (terminal: Terminal, command: string): Child =>
  startChild('setsid', ['bash', '-c', command], terminal);

const typeToTheEnd = async (
  report: Report,
  terminal: Terminal,
  { step, command }: Typed,
): Promise<string> => {
  report.note(command);
  const child = type(terminal, command);
  const code = await Promise.race([child.exit, sleep(COMMAND_MS_MAX)]);
  if (code === undefined) child.signal('SIGKILL');
  report.check(`"${step}" succeeds`, code === 0, child.output().slice(-1500));
  return child.output();
};

/** What Ctrl-C does: the signal goes to all that the terminal runs. */
const interrupt = async (report: Report, what: string, child: Child): Promise<void> => {
  if (!child.ended) process.kill(-child.pid, 'SIGINT');
  const code = await Promise.race([child.exit, sleep(STOP_MS_MAX)]);
  if (code === undefined) child.signal('SIGKILL');
  report.check(`${what} ends with Ctrl-C`, code !== undefined, child.output().slice(-500));
};

type Told = Readonly<{ atS: number; isOk: boolean }>;

/** Rounds as the demonstration prints them: time of day, number, what. */
const roundsIn = (output: string): readonly Told[] =>
  [...output.matchAll(/^(\d\d):(\d\d):(\d\d) +\d+ {2}.*?: (ok|FAILED) /gm)].map(([, h, m, s, went]) => ({
    atS: Number(h) * 3600 + Number(m) * 60 + Number(s),
    isOk: went === 'ok',
  }));

const goesOn = (demo: Child, from: number): true | undefined => {
  const rounds = roundsIn(demo.output()).slice(from);
  return rounds.length >= ROUNDS_AFTER && rounds.slice(-ROUNDS_AFTER).every(({ isOk }) => isOk)
    ? true
    : undefined;
};

/** Seconds from the first failed round to the last one. */
const troubleS = (rounds: readonly Told[]): number => {
  const failed = rounds.filter(({ isOk }) => !isOk);
  const [first, last] = [failed[0], failed.at(-1)];
  return first === undefined || last === undefined ? 0 : (last.atS - first.atS + 86_400) % 86_400;
};

const stepOf = (typed: readonly Typed[], step: string): Typed => {
  const found = typed.find((one) => one.step === step);
  if (found === undefined) throw new Error(`${PAGE} has no step "${step}"`);
  return found;
};

const watch = async (report: Report, terminal: Terminal, typed: readonly Typed[], demo: Child): Promise<void> => {
  const rounds = (): readonly Told[] => roundsIn(demo.output());
  await until('rounds that are carried', DEMO_MS_MAX, () => (rounds().length >= ROUNDS_BEFORE ? true : undefined));
  const before = rounds();
  // The first registrations wait for the first connections.
  report.check('every round before is carried', before.slice(1).every(({ isOk }) => isOk), demo.output().slice(-1500));
  await typeToTheEnd(report, terminal, stepOf(typed, 'lose'));
  await until('it goes on without the broker', DEMO_MS_MAX, () => goesOn(demo, before.length));
  const without = rounds().slice(before.length);
  report.figure('rounds without the broker', { carried: without.filter(({ isOk }) => isOk).length, failed: without.filter(({ isOk }) => !isOk).length });
  report.atMost('secondsInWhichRoundsFailed', troubleS(without), LED_BY_NOBODY_S_MAX);
  await typeToTheEnd(report, terminal, stepOf(typed, 'return'));
  await until('it goes on with the broker', DEMO_MS_MAX, () => goesOn(demo, before.length + without.length));
  const returned = rounds().slice(before.length + without.length);
  report.check('nobody notices that it comes back', returned.every(({ isOk }) => isOk), demo.output().slice(-1500));
  const said = await typeToTheEnd(report, terminal, stepOf(typed, 'ask'));
  const added = said.match(/ bound sip:alice@/g)?.length ?? 0;
  report.atLeast('registrations in the log', added, rounds().filter(({ isOk }) => isOk).length);
}; // prettier-ignore

const play = async (report: Report, terminal: Terminal, typed: readonly Typed[]): Promise<void> => {
  const [first, second] = [1, 2].map((number) => typed.find((one) => one.terminal === number));
  if (first === undefined || second === undefined) throw new Error(`${PAGE} lacks a terminal`);
  report.note(first.command);
  const cluster = type(terminal, first.command);
  try {
    await until('the cluster to say what to try', CLUSTER_MS_MAX, () => {
      if (cluster.ended) throw new Error(`${first.command} ended: ${cluster.output().slice(-1500)}`);
      return cluster.output().includes('What to try') ? true : undefined;
    });
    report.note(second.command);
    const demo = type(terminal, second.command);
    try {
      await watch(report, terminal, typed, demo);
    } finally {
      await interrupt(report, 'the demonstration', demo);
    }
  } finally {
    await interrupt(report, 'the cluster', cluster);
    await typeToTheEnd(report, terminal, stepOf(typed, 'end'));
  }
};

const checkDocker = async (report: Report, folder: string, page: string): Promise<void> => {
  report.check(
    'the page names the file of Compose',
    page.includes('docker compose -f docker/compose.yml up'),
  );
  for (const file of ['docker/compose.yml', 'docker/compose.deps.yml']) {
    const env = { ...newcomersEnv(), API_KEYS: 'a-key-for-this-check' };
    const child = startChild('docker-compose', ['-f', file, 'config', '-q'], { cwd: folder, env });
    report.check(`Compose takes ${file}`, (await child.exit) === 0, child.output());
  }
};

export const line: Line = {
  async run(report) {
    await withFreshClone(report, async (clone) => {
      const { folder } = clone;
      if (!(await clone.install())) return;
      const page = readFileSync(path.join(folder, PAGE), 'utf8');
      await checkDocker(report, folder, page);
      // What was fetched before is taken; what runs, and its data, are this run's own.
      const env = { ...newcomersEnv(), SERVICES_RUN: path.join(folder, '..', 'services') };
      await play(report, { cwd: folder, env }, commandsIn(page, 'Without docker'));
    });
  },
};
