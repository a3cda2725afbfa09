// `npm run config -- cluster status | drain <node> | undrain <node>`: who is there and how, and taking one out of work and back.
// Used by config.ts; what nodes tell is libs/shared-config's.
import type { Command } from 'commander';
import { type Clock, systemClock } from '#libs/runtime';
import {
  askBack,
  askToDrain,
  clusterNodes,
  type ClusterNode,
  hasStandIn,
  nodesNamed,
  type SharedConfig,
} from '#libs/shared-config';

export type ClusterTerminal = Readonly<{
  run(work: (shared: SharedConfig) => Promise<void>): Promise<void>;
  print(head: string[], rows: readonly (readonly string[])[]): void;
  say(text: string): void;
  refuse(reason: string): void;
  byWhom: string;
  clock?: Clock;
}>;

const LOOK_MS = 500;
/** A node that was told to drain says so within this, or it does not listen. */
const HEARD_MS_MAX = 15_000;

/** `3 d 4 h`, `12 m`: the two largest units. */
export const ageOf = (ms: number): string => {
  const s = Math.max(0, Math.floor(ms / 1_000));
  const parts = [
    [Math.floor(s / 86_400), 'd'],
    [Math.floor(s / 3_600) % 24, 'h'],
    [Math.floor(s / 60) % 60, 'm'],
    [s % 60, 's'],
  ] as const;
  const first = parts.findIndex(([n]) => n > 0);
  const shown = parts.slice(first < 0 ? 3 : first, first < 0 ? 4 : first + 2);
  return shown.map(([n, unit]) => `${n} ${unit}`).join(' ');
};

export const rowOf = (node: ClusterNode, nowMs: number): readonly string[] => [
  node.name,
  node.app,
  node.version,
  node.startedMs === 0 ? '' : ageOf(nowMs - node.startedMs),
  node.state,
  node.left.join(', '),
];

const status = async (shared: SharedConfig, { print, say, clock = systemClock }: ClusterTerminal) => {
  const { nodes, absent } = await clusterNodes(shared);
  print(
    ['node', 'program', 'version', 'since', 'state', 'left or lacking'],
    nodes.map((node) => rowOf(node, clock.nowMs())),
  );
  for (const name of absent) say(`${name} is not there; it will be drained when it comes`);
};

const pause = (clock: Clock): Promise<void> => new Promise((resolve) => void clock.after(LOOK_MS, resolve));

/** Resolves when all of them are drained, or serve; false: one is overdue, gone, or does not listen. */
const waitFor = async (
  shared: SharedConfig,
  names: readonly string[],
  isDrain: boolean,
  { say, clock = systemClock }: ClusterTerminal,
): Promise<boolean> => {
  const said = new Map<string, string>();
  const askedMs = clock.monotonicMs();
  for (;;) {
    const { nodes } = await clusterNodes(shared);
    const those = names.map((name) => nodes.find((node) => node.name === name));
    for (const [at, node] of those.entries()) {
      const text = node === undefined ? 'is gone' : `${node.state} ${node.left.join(', ')}`.trim();
      if (said.get(names[at]!) !== text) say(`${names[at]}: ${text}`);
      said.set(names[at]!, text);
    }
    const states = those.map((node) => node?.state);
    if (states.every((state) => state === (isDrain ? 'drained' : 'ready'))) return true;
    if (states.some((state) => state === undefined || state === 'overdue')) return false;
    const isHeard = states.every((state) => (isDrain ? state === 'draining' || state === 'drained' : state !== 'drained'));
    if (!isHeard && clock.monotonicMs() - askedMs > HEARD_MS_MAX) return false;
    await pause(clock);
  }
}; // prettier-ignore

export type OrderOptions = Readonly<{ by: string; force?: boolean; all?: boolean; wait: boolean }>;

/** Exported for its test. */
export const order = async (
  shared: SharedConfig,
  what: 'drain' | 'undrain',
  text: string,
  { by, force = false, all = false, wait }: OrderOptions,
  terminal: ClusterTerminal,
): Promise<void> => {
  const { nodes, absent } = await clusterNodes(shared);
  const found = nodesNamed(nodes, text);
  const isDrain = what === 'drain';
  if (found.length === 0 && !isDrain && absent.includes(text)) {
    await askBack(shared, text, by);
    return terminal.say(`${text} is not to be drained any more`);
  }
  if (found.length === 0) return terminal.refuse(`no node is called ${text}: cluster status has all of them`);
  if (found.length > 1 && !all)
    return terminal.refuse(
      `${text} may be ${found.map(({ name, app }) => `${name} (${app})`).join(' or ')}: name one, or say --all`,
    );
  const names = found.map(({ name }) => name);
  const others = nodes.filter(({ name }) => !names.includes(name));
  const alone = found.find((node) => !hasStandIn([node, ...others], node));
  if (isDrain && alone !== undefined && !force)
    return terminal.refuse(`nobody else is ready to do the work of ${alone.name} (${alone.app}); --force drains it all the same`);
  for (const name of names) await (isDrain ? askToDrain(shared, name, by) : askBack(shared, name, by));
  if (!wait) return;
  if (!(await waitFor(shared, names, isDrain, terminal)))
    terminal.refuse(isDrain ? 'not drained' : 'not ready yet');
}; // prettier-ignore

export const addClusterCommands = (program: Command, terminal: ClusterTerminal): void => {
  const cluster = program.command('cluster').description('the processes that run (SHARED_CONFIG=etcd)');
  cluster
    .command('status')
    .description('who is there, of which build, since when, and how')
    .action(() => terminal.run((shared) => status(shared, terminal)));
  for (const what of ['drain', 'undrain'] as const)
    cluster
      .command(`${what} <node>`)
      .option('--by <name>', 'who asks for it', terminal.byWhom)
      .option('--force', 'also where nobody else is there to do its work')
      .option('--all', 'all nodes that are called so')
      .option('--no-wait', 'return at once')
      .description(
        what === 'drain'
          ? 'takes it out of work: it takes nothing new, finishes what it has, and stays so, over restarts'
          : 'lets it work again',
      )
      .action((node: string, options: OrderOptions) =>
        terminal.run((shared) => order(shared, what, node, options, terminal)),
      );
};
