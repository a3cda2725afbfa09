// The nodes of a cluster as its members tell of themselves, and who is asked to drain: one key a node, which holds over its restarts until it is
// taken back. Written by shared-start.ts, read and ordered by `npm run config -- cluster`.
import type { Member, SharedConfig } from './shared-config.port.js';

/** `not ready`: it starts, or lacks something that it needs; `ending`: it was told to stop; `unknown`: of a program that does not say. */
export type NodeState = 'ready' | 'not ready' | 'draining' | 'overdue' | 'drained' | 'ending' | 'unknown';

export type NodeFacts = Readonly<{
  app: string;
  pid: number;
  /** What its build is called. */
  version: string;
  startedMs: number;
  state: NodeState;
  /** What it has still to do, or lacks. */
  left: readonly string[];
  /** Newest versions of events that it knows, of those that are held back until all do (event-gate.ts). */
  events: Readonly<Record<string, number>>;
}>;

export type ClusterNode = NodeFacts & Readonly<{ name: string; isToDrain: boolean }>;

const KEY_START = 'drain.';
const KEY_CHARACTERS_MAX = 100;
const DRAIN = 'drain';

/** The last characters tell nodes apart: address and port. */
export const drainKey = (name: string): string =>
  `${KEY_START}${name.replaceAll(/[^\w.-]/g, '_').slice(KEY_START.length - KEY_CHARACTERS_MAX)}`;

export const textOfFacts = (facts: NodeFacts): string => JSON.stringify(facts);

/** undefined: a member for another purpose. */
const factsIn = ({ data }: Member): NodeFacts | undefined => {
  let told: Partial<NodeFacts> | null;
  try {
    told = JSON.parse(data) as Partial<NodeFacts> | null;
  } catch {
    return undefined;
  }
  const { app, pid = 0, version = '', startedMs = 0, state = 'unknown', left = [], events = {} } = told ?? {};
  return typeof app === 'string' ? { app, pid, version, startedMs, state, left, events } : undefined;
};

/** All that are there, and those that are to be drained but are not (`app` is not known of them). */
export const clusterNodes = async (
  shared: Pick<SharedConfig, 'members' | 'list'>,
): Promise<Readonly<{ nodes: readonly ClusterNode[]; absent: readonly string[] }>> => {
  const [members, entries] = await Promise.all([shared.members(), shared.list()]);
  const asked = new Set(entries.flatMap(({ key }) => (key.startsWith(KEY_START) ? [key] : [])));
  const nodes = members.flatMap((member): ClusterNode[] => {
    const facts = factsIn(member);
    const { name } = member;
    return facts === undefined ? [] : [{ ...facts, name, isToDrain: asked.has(drainKey(name)) }];
  });
  const there = new Set(nodes.map(({ name }) => drainKey(name)));
  const absent = [...asked].filter((key) => !there.has(key)).map((key) => key.slice(KEY_START.length));
  return { nodes: nodes.sort((a, b) => (`${a.app} ${a.name}` < `${b.app} ${b.name}` ? -1 : 1)), absent };
};

/** The node of that name, of that address, or the one whose name has the text in it; several are given back as they are. */
export const nodesNamed = (nodes: readonly ClusterNode[], text: string): readonly ClusterNode[] => {
  const exact = nodes.filter(({ name }) => name === text);
  const ofPart = nodes.filter(({ name }) => name.split(/[/]|:\d+$/).includes(text));
  return (
    [exact, ofPart, nodes.filter(({ name }) => name.includes(text))].find((some) => some.length > 0) ?? []
  );
};

/** Would somebody be left to do the work of its program? */
export const hasStandIn = (nodes: readonly ClusterNode[], node: ClusterNode): boolean =>
  nodes.some(
    ({ app, name, state, isToDrain }) =>
      app === node.app && name !== node.name && !isToDrain && (state === 'ready' || state === 'unknown'),
  );

export const askToDrain = (shared: SharedConfig, name: string, by: string): Promise<unknown> =>
  shared.set(drainKey(name), DRAIN, { by });

/** Also of one that is absent, by the name that it is listed under. */
export const askBack = (shared: SharedConfig, name: string, by: string): Promise<unknown> =>
  shared.set(drainKey(name), undefined, { by });
