// Which keyspace a view is read from, agreed by all nodes that write it: a new one is built while the old one serves (docs/architecture.md §3).
// The state is one value of the shared configuration; a node is a member by its lease, and acknowledges each state once it acts by it.
// Used by views in a store that several processes share; what is built, and how, is theirs.
import type { Clock } from '#libs/runtime';
import { ConfigConflict, type ConfigEntry, ConfigUnavailable, type SharedConfig } from '#libs/shared-config';

export type Keyspaces = Readonly<{
  /** Read and written. */
  serving: string;
  /** Written too: it is being filled from the log. */
  building?: string;
  /** Written too: some nodes may read it still. */
  former?: string;
}>;

/** Names the view with its version and its log: each has a state of its own. */
export type ViewName = Readonly<{ view: string; initial: string }>;

const stateKey = ({ view, initial }: ViewName): string => `keyspaces.${view}.${initial}`;
const memberPrefix = (name: ViewName): string => `${stateKey(name)}/`;
const ackKey = (name: ViewName, node: string): string => `ack.${name.view}.${node}`;
const nodeOf = (name: string): string => name.replace(/[^\w.-]/g, '-').slice(0, 60);

type Ack = Readonly<{ token: string; revision: number }>;
type Known = Readonly<{ state: Keyspaces; revision: number }>;

const knownIn = (name: ViewName, entry: ConfigEntry | undefined): Known =>
  entry === undefined
    ? { state: { serving: name.initial }, revision: 0 }
    : { state: JSON.parse(entry.value) as Keyspaces, revision: entry.revision };

export type KeyspaceNodeOptions = ViewName &
  Readonly<{
    shared: SharedConfig;
    /** Of this process, the same at each start. */
    node: string;
    /** Of this start. */
    token: string;
    clock: Clock;
    /** Acts by a state from now on: at once. */
    take: (state: Keyspaces) => void;
    /** What was taken last, over restarts: for a start while the shared configuration is away. */
    memory?: Readonly<{ read: () => string | undefined; write: (text: string) => void }>;
    report: (message: string) => void;
  }>;

export interface KeyspaceNode {
  leave(): Promise<void>;
}

const RETRY_MS = 2_000;

/** Takes the present state and those that follow. Where nobody answers, what was known last is taken, and it is asked again. */
export const joinKeyspaces = async (options: KeyspaceNodeOptions): Promise<KeyspaceNode> => {
  const node = new Node(options);
  await node.begin();
  return node;
};

class Node implements KeyspaceNode {
  private revision = -1;
  private acknowledged = -1;
  private isLeft = false;
  private cancel = (): void => undefined;
  private turn: Promise<void> = Promise.resolve();
  private readonly undo: (() => Promise<void>)[] = [];

  constructor(private readonly options: KeyspaceNodeOptions) {}

  async begin(): Promise<void> {
    const { shared, memory, take, report, initial } = this.options;
    try {
      // Seen as a member before the state is read: whoever changes it after waits for this one.
      const name = memberPrefix(this.options) + nodeOf(this.options.node);
      const membership = await shared.join({ name, data: this.options.token });
      this.undo.push(() => membership.leave());
      const unwatch = await shared.watch(({ key }) => {
        if (key === stateKey(this.options)) this.look();
      });
      this.undo.push(unwatch);
      await this.takeNow();
    } catch (error) {
      if (!(error instanceof ConfigUnavailable)) throw error;
      report(`which keyspace serves cannot be asked: ${error.message}; going on with the one known last`);
      const known = memory?.read();
      if (this.revision < 0)
        take(known === undefined ? { serving: initial } : (JSON.parse(known) as Keyspaces));
      this.again(() => this.begin());
    }
  }

  async leave(): Promise<void> {
    this.isLeft = true;
    this.cancel();
    await this.turn;
    await this.leaveAll();
  }

  private async leaveAll(): Promise<void> {
    await Promise.allSettled(this.undo.splice(0).map((undo) => undo()));
  }

  private again(run: () => Promise<void>): void {
    if (this.isLeft) return;
    this.cancel();
    this.cancel = this.options.clock.after(RETRY_MS, () => {
      this.turn = this.leaveUnless(run);
    });
  }

  private async leaveUnless(run: () => Promise<void>): Promise<void> {
    await this.leaveAll();
    if (!this.isLeft) await run();
  }

  private look(): void {
    this.turn = this.turn
      .then(() => this.takeNow())
      .catch((error: unknown) => {
        this.options.report(`which keyspace serves cannot be asked: ${String(error)}`);
        this.again(() => this.begin());
      });
  }

  private async takeNow(): Promise<void> {
    const { shared, take, memory, token } = this.options;
    const { state, revision } = knownIn(this.options, await shared.get(stateKey(this.options)));
    if (revision > this.revision) {
      this.revision = revision;
      take(state);
      memory?.write(JSON.stringify(state));
    }
    if (this.acknowledged === this.revision) return;
    const ack: Ack = { token, revision: this.revision };
    const node = nodeOf(this.options.node);
    await shared.set(ackKey(this.options, node), JSON.stringify(ack), { by: node });
    this.acknowledged = ack.revision;
  }
}

/** What a rebuild is doing, for people. */
export type RebuildPhase =
  | Readonly<{ phase: 'waiting'; for: readonly string[] }>
  | Readonly<{ phase: 'folding'; keyspace: string }>
  | Readonly<{ phase: 'switching'; keyspace: string }>
  | Readonly<{ phase: 'done'; keyspace: string }>;

export type KeyspaceRebuildOptions = ViewName &
  Readonly<{
    shared: SharedConfig;
    by: string;
    clock: Clock;
    /** Every node writes the keyspace by now: brings all that the log holds at the call into it. */
    fold: (keyspace: string) => Promise<void>;
    onPhase?: (phase: RebuildPhase) => void;
    /** So long nodes may take to acknowledge. */
    ackMsMax?: number;
  }>;

/** Nothing was switched: the keyspace that served serves. */
export class RebuildFailed extends Error {}

const LOOK_MS = 200;
export const ACK_MS_MAX = 60_000;

/** Builds a new keyspace and switches to it; a rebuild that was broken off is gone on with. Resolves with its name. */
export const rebuildKeyspace = async (options: KeyspaceRebuildOptions): Promise<string> => {
  const { shared, by, fold, onPhase } = options;
  const key = stateKey(options);
  const change = async (state: Keyspaces, expected: number): Promise<Known> => {
    try {
      const { revision } = await shared.set(key, JSON.stringify(state), { by, expected });
      return { state, revision };
    } catch (error) {
      if (!(error instanceof ConfigConflict)) throw error;
      throw new RebuildFailed('another process rebuilds this view', { cause: error });
    }
  };
  const held = await shared.get(key);
  let known = knownIn(options, held);
  if (known.state.former === undefined) {
    const { serving } = known.state;
    const building = known.state.building ?? `${options.initial}-r${known.revision + 1}`;
    if (known.state.building === undefined) known = await change({ serving, building }, known.revision);
    await acknowledged(options, known.revision);
    onPhase?.({ phase: 'folding', keyspace: building });
    await fold(building);
    known = await change({ serving: building, former: serving }, known.revision);
  }
  const { serving } = known.state;
  onPhase?.({ phase: 'switching', keyspace: serving });
  await acknowledged(options, known.revision);
  await change({ serving }, known.revision);
  onPhase?.({ phase: 'done', keyspace: serving });
  return serving;
};

/** Resolves when every member acts by the state of a revision. A member that does not answer is gone when its lease is. */
const acknowledged = async (options: KeyspaceRebuildOptions, revision: number): Promise<void> => {
  const { shared, clock, onPhase, ackMsMax = ACK_MS_MAX } = options;
  const deadlineMs = clock.monotonicMs() + ackMsMax;
  for (;;) {
    const missing: string[] = [];
    for (const { name, data } of await shared.members()) {
      if (!name.startsWith(memberPrefix(options))) continue;
      const node = name.slice(memberPrefix(options).length);
      const entry = await shared.get(ackKey(options, node));
      const ack = entry === undefined ? undefined : (JSON.parse(entry.value) as Ack);
      if (ack?.token !== data || ack.revision < revision) missing.push(node);
    }
    if (missing.length === 0) return;
    onPhase?.({ phase: 'waiting', for: missing });
    if (clock.monotonicMs() >= deadlineMs)
      throw new RebuildFailed(`${missing.join(', ')} did not acknowledge within ${ackMsMax / 1_000} s`);
    await new Promise<void>((resolve) => void clock.after(LOOK_MS, resolve));
  }
};
