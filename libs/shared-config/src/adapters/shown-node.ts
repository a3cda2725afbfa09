// A process among the nodes of its cluster: what it is and how it is, told whenever that changes; and whether it is to drain, which it does.
// Used by shared-start.ts.
import type { ProcessParts } from '#libs/runtime';
import { clusterNodes, drainKey, type NodeFacts, type NodeState, textOfFacts } from '../cluster-nodes.js';
import { type EventGate, keepGate } from '../event-gate.js';
import type { SharedConfig } from '../shared-config.port.js';

/** How it is is looked at so often. */
const LOOK_MS = 500;

export type ShownNodeOptions = Readonly<{
  shared: SharedConfig;
  /** As a member. */
  name: string;
  app: string;
  version: string;
  gate: EventGate;
}> &
  Pick<ProcessParts, 'clock' | 'health' | 'shutdown' | 'drain' | 'logger'>;

const stateOf = ({ health, drain }: ShownNodeOptions): Pick<NodeFacts, 'state' | 'left'> => {
  const drained = drain?.status();
  if (drained !== undefined && drained.state !== 'serving')
    return { state: drained.state, left: drained.unfinished };
  const lacking = Object.entries(health.status().parts).flatMap(([part, { ready, reason }]) =>
    ready ? [] : [`${part}: ${reason ?? 'not ready'}`],
  );
  const state: NodeState = health.draining ? 'ending' : lacking.length > 0 ? 'not ready' : 'ready';
  return { state, left: lacking };
};

/** Joins; rejects with ConfigUnavailable, and may then be called again. */
export const showNode = async (options: ShownNodeOptions): Promise<void> => {
  const { shared, name, app, version, gate, clock, shutdown, drain, logger } = options;
  const startedMs = clock.nowMs();
  const facts = (): string =>
    textOfFacts({ app, pid: process.pid, version, startedMs, events: gate.newest, ...stateOf(options) });
  // Who is to drain is drained before others see him as ready.
  await obeyDrain(options);
  const stopKeeping = await keepGate({
    gate,
    shared,
    clock,
    nodes: async () => (await clusterNodes(shared)).nodes,
    opened: (type) => logger.info({ type, version: gate.newest[type] }, 'all nodes know this version: it is written'),
    failed: (error) => logger.debug({ err: error }, 'what nodes know could not be asked; trying again'),
  }); // prettier-ignore
  let told = facts();
  const membership = await shared.join({ name, data: told });
  let cancel = (): void => undefined;
  let isEnding = false;
  const again = (): void => {
    if (!isEnding) cancel = clock.after(LOOK_MS, look);
  };
  const look = (): void => {
    cancel();
    const now = facts();
    if (now === told) return again();
    membership.tell(now).then(
      () => {
        told = now;
        again();
      },
      (error: unknown) => {
        logger.debug({ err: error }, 'the cluster could not be told how this node is; trying again');
        again();
      },
    );
  };
  again();
  drain?.onChange(() => clock.after(0, look));
  // Before anything else ends: others may look for somebody else from then on.
  shutdown.on('refuse', 'membership', () => look());
  shutdown.on('close', 'membership', () => {
    isEnding = true;
    cancel();
    stopKeeping();
  });
};

/** Drains and comes back as an operator says, from now on. */
const obeyDrain = async ({ shared, name, drain }: ShownNodeOptions): Promise<void> => {
  if (drain === undefined) return;
  const key = drainKey(name);
  const obey = (value: string | undefined): void => (value === undefined ? drain.end() : drain.begin());
  const unwatch = await shared.watch((change) => {
    if (change.key === key) obey(change.value);
  });
  try {
    obey((await shared.get(key))?.value);
  } catch (error) {
    await unwatch();
    throw error;
  }
};
