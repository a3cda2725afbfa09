// Which additions to events may be written by now (docs/adr/0022-events-that-all-nodes-know.md): once every node of the cluster has told for a
// while that it knows them, one of them writes that down in etcd, and from then on all write them. Nothing takes that back. Used by shared-start.ts;
// asked by the log at each append (libs/event-log, upcast.ts).
import type { Clock } from '#libs/runtime';
import type { ClusterNode } from './cluster-nodes.js';
import { ConfigConflict, type SharedConfig } from './shared-config.port.js';

/** Newest version by `<category>.<type>`. */
export type EventVersions = Readonly<Record<string, number>>;

const KEY_START = 'events.';
/** So long all must have known it: three times as long as a node may be unseen that has lost etcd for a moment, or is started again. */
export const GATE_SETTLE_MS = 30_000;
/** Nodes are looked at so often while something waits. */
export const GATE_LOOK_MS = 5_000;
const BY = 'the cluster';

export class EventGate {
  readonly #open = new Map<string, number>();
  /** By type: since when all know it. */
  readonly #knownSinceMs = new Map<string, number>();

  constructor(
    /** What this program knows. */
    readonly newest: EventVersions,
    /** Nobody else reads what it writes: all is open. */
    private readonly isAlone = false,
  ) {}

  mayWrite(type: string, version: number): boolean {
    return this.isAlone || (this.#open.get(type) ?? 1) >= version;
  }

  /** Is there anything that it knows and may not write yet? */
  get isWaiting(): boolean {
    return Object.entries(this.newest).some(([type, version]) => !this.mayWrite(type, version));
  }

  /** A key of the shared configuration and its value. */
  take(key: string, value: string | undefined): void {
    if (!key.startsWith(KEY_START)) return;
    const [type, version] = [key.slice(KEY_START.length), Number(value)];
    if (Number.isInteger(version)) this.#open.set(type, Math.max(version, this.#open.get(type) ?? 1));
  }

  /** Types that all nodes have known for long enough. */
  due(nodes: readonly Pick<ClusterNode, 'events'>[], nowMs: number): readonly string[] {
    return Object.entries(this.newest).flatMap(([type, version]) => {
      const isKnown = nodes.length > 0 && nodes.every(({ events }) => (events[type] ?? 1) >= version);
      const sinceMs = isKnown ? (this.#knownSinceMs.get(type) ?? nowMs) : undefined;
      if (sinceMs === undefined) this.#knownSinceMs.delete(type);
      else this.#knownSinceMs.set(type, sinceMs);
      const isDue = sinceMs !== undefined && nowMs - sinceMs >= GATE_SETTLE_MS;
      return isDue && !this.mayWrite(type, version) ? [type] : [];
    });
  }

  /** Writes down what is due; who else does so at the same moment writes the same. */
  async open(shared: SharedConfig, type: string): Promise<void> {
    const [key, version] = [KEY_START + type, this.newest[type] ?? 1];
    const held = await shared.get(key);
    if (Number(held?.value ?? 1) < version) {
      const told = { by: BY, expected: held?.revision ?? 0 };
      await shared.set(key, String(version), told).catch((error: unknown) => {
        if (!(error instanceof ConfigConflict)) throw error;
      });
    }
    this.take(key, (await shared.get(key))?.value);
  }
}

export type GateKeeping = Readonly<{
  gate: EventGate;
  shared: SharedConfig;
  nodes: () => Promise<readonly Pick<ClusterNode, 'events'>[]>;
  clock: Clock;
  /** Told of what is written from now on. */
  opened: (type: string) => void;
  failed: (error: unknown) => void;
}>;

/** Follows what others open, and opens what is due, until the function returned is called. Rejects with ConfigUnavailable. */
export const keepGate = async ({ gate, shared, nodes, clock, opened, failed }: GateKeeping): Promise<() => void> => {
  await shared.watch(({ key, value }) => gate.take(key, value));
  for (const { key, value } of await shared.list()) gate.take(key, value);
  let cancel = (): void => undefined;
  let isOver = false;
  const look = async (): Promise<void> => {
    for (const type of gate.due(await nodes(), clock.monotonicMs())) {
      await gate.open(shared, type);
      opened(type);
    }
  };
  const again = (): void => {
    if (!isOver && gate.isWaiting) cancel = clock.after(GATE_LOOK_MS, () => void look().catch(failed).then(again));
  };
  again();
  return () => {
    isOver = true;
    cancel();
  };
}; // prettier-ignore
