// The registration view in memcached, which several processes share: brought up to the end of the log before anything is served,
// kept there after, and rebuilt from the log where memcached has lost rows (docs/architecture.md §3). While rows are lost their
// readers get StoreUnavailable. Which keyspace serves is agreed by all nodes (libs/projector keyspaces.ts).
// Used by Sprout's start-up, the all-in-one's, and the projector.
import type { Recorded } from '#libs/decider';
import type { Registration, RegistrationEvent } from '#libs/domain';
import {
  createRowsSink,
  type FollowOptions,
  followLog,
  joinKeyspaces,
  type Keyspaces,
  type KeyspaceNodeOptions,
  type Projection,
  type Projector,
  type RebuildPhase,
  rebuildKeyspace,
  type RowSnapshots,
} from '#libs/projector';
import path from 'node:path';
import { type Clock, loadKeyFile, type Random, StartRefused } from '#libs/runtime';
import type { SharedConfig } from '#libs/shared-config';
import { type Engines, type MemcachedCluster, type StoresConfig, StoreUnavailable } from '#libs/stores';
import { registrationsByAor } from './registrations-by-aor.js';
import { RegistrationRows, type RowStores } from './registrations-by-aor.store.js';
import { whatIsRegistered } from './fold-log.js';
import { heal, openSharedRows, type SharedRows } from './shared-rows.js';

export type SharedView = Readonly<{
  cluster: MemcachedCluster;
  /** The same for all processes on one log. */
  generation: string;
  random: Random;
  /** Where nodes agree which keyspace serves; absent: it is always the first. */
  agreed?: Readonly<{ shared: SharedConfig; node: string }> & Pick<KeyspaceNodeOptions, 'memory'>;
}>;

/** What the view needs of memcached, where the configuration says so. */
export const sharedViewOf = (
  { memcached: cluster }: Engines,
  { viewGeneration }: StoresConfig,
  dataDir: string,
  random: Random,
): SharedView | undefined => {
  if (cluster === undefined) return undefined;
  const own = (): string => loadKeyFile(path.join(dataDir, 'view-store.id'), 'view store id').toString('hex');
  return { cluster, random, generation: viewGeneration || own().slice(0, 16) };
};

export interface SharedRegistrationView {
  readonly rows: RegistrationRows;
  readonly projector: Projector;
  readonly keyspaces: Keyspaces;
  stop(): Promise<void>;
}

/** How often it is looked for lost rows: so long a restarted memcached answers 500 before its rebuild begins. */
const LOOK_MS = 1_000;
/** Looks at a start, while another process rebuilds or memcached does not answer. */
const WHOLE_TRIES_MAX = 60;

/** The keyspaces in hand: opened once each, the serving one first. */
class HeldKeyspaces {
  private readonly opened = new Map<string, SharedRows>();
  private state: Keyspaces;
  private stores: RowStores;

  constructor(
    readonly initial: string,
    private readonly open: (keyspace: string) => SharedRows,
  ) {
    this.state = { serving: initial };
    this.stores = { serving: this.of(initial).guarded, also: [] };
  }

  take(state: Keyspaces): void {
    const { serving, building, former } = state;
    const also = [building, former].filter((keyspace) => keyspace !== undefined);
    this.state = state;
    // What is being built has no sentinels yet, and what was is no longer looked after.
    this.stores = { serving: this.of(serving).guarded, also: also.map((each) => this.of(each).unguarded) };
    for (const keyspace of this.opened.keys())
      if (keyspace !== serving && !also.includes(keyspace)) this.opened.delete(keyspace);
  }

  get keyspaces(): Keyspaces {
    return this.state;
  }

  get now(): RowStores {
    return this.stores;
  }

  get serving(): SharedRows {
    return this.of(this.state.serving);
  }

  of(keyspace: string): SharedRows {
    let rows = this.opened.get(keyspace);
    if (!rows) this.opened.set(keyspace, (rows = this.open(keyspace)));
    return rows;
  }
}

export const initialKeyspace = ({ generation }: Pick<SharedView, 'generation'>): string =>
  `v${registrationsByAor.version}-${generation}`;

const holdKeyspaces = async (view: SharedView, { clock, logger }: FollowOptions) => {
  const { agreed, random } = view;
  const { name } = registrationsByAor;
  const held = new HeldKeyspaces(initialKeyspace(view), (keyspace) =>
    openSharedRows(keyspace, { ...view, clock }),
  );
  if (agreed === undefined) return { held, leave: () => Promise.resolve() };
  const node = await joinKeyspaces({
    ...agreed,
    view: name,
    initial: held.initial,
    token: random.token(20),
    clock,
    take: (state) => {
      if (JSON.stringify(state) !== JSON.stringify(held.keyspaces))
        logger.info({ view: name, ...state }, 'keyspaces');
      held.take(state);
    },
    report: (message) => logger.warn({ view: name }, message),
  });
  return { held, leave: () => node.leave() };
};

/** Opens the view; resolves when it shows all that the log holds. `begins`: what was registered is wanted at the start. */
export const openSharedRegistrationView = async (
  view: SharedView,
  options: FollowOptions,
  { begins = true }: Readonly<{ begins?: boolean }> = {},
): Promise<SharedRegistrationView> => {
  const { clock, logger } = options;
  const { name } = registrationsByAor;
  const { held, leave } = await holdKeyspaces(view, options);
  const look = async (): Promise<void> => void (await heal(held.serving, options));
  const known = begins ? await whatIsRegistered(options) : () => [];
  await untilWhole(held, look, clock);
  const rows = new RegistrationRows(() => held.now, clock, known);
  const snapshots: RowSnapshots = {
    checkpoint: () => held.serving.checkpoints.checkpoint(),
    save: (position) => held.serving.checkpoints.save(position),
    clear: () => held.serving.checkpoints.clear(),
  };
  const sink = createRowsSink({
    projection: registrationsByAor as unknown as Projection<Registration>,
    rows: {
      apply: (key, events) => rows.follow(key, events as readonly Recorded<RegistrationEvent>[]),
    },
    clock,
    snapshots,
    onSnapshotFailure: (error) => logger.warn({ view: name, err: error }, 'checkpoint failed'),
  });
  // The follower waits while rows are lost: who rebuilds them must be at work before it is waited for.
  const stopWatching = watch(look, options);
  const projector = await followLog(registrationsByAor, sink, options);
  return {
    rows,
    projector,
    get keyspaces() {
      return held.keyspaces;
    },
    async stop() {
      await stopWatching();
      await projector.stop();
      await sink.flush();
      await leave();
    },
  };
};

export type ViewRebuild = Readonly<{
  by: string;
  onPhase?: (phase: RebuildPhase) => void;
  onProgress?: (events: number) => void;
}>;

/**
 * Builds the view anew beside the one that serves, and switches all nodes to it. The view is open in this process too. Rejects with
 * RebuildFailed, StoreUnavailable or ConfigUnavailable; what served goes on to serve.
 */
export const rebuildSharedView = async (
  view: SharedView & Required<Pick<SharedView, 'agreed'>>,
  { projector }: Pick<SharedRegistrationView, 'projector'>,
  options: Pick<FollowOptions, 'log' | 'clock' | 'logger'>,
  { by, onPhase, onProgress }: ViewRebuild,
): Promise<string> =>
  rebuildKeyspace({
    view: registrationsByAor.name,
    initial: initialKeyspace(view),
    shared: view.agreed.shared,
    by,
    clock: options.clock,
    ...(onPhase === undefined ? {} : { onPhase }),
    fold: async (keyspace) => {
      const rows = openSharedRows(keyspace, { ...view, clock: options.clock });
      // What follows this place is folded again by whoever starts on the new keyspace: it changes nothing.
      const { position } = projector;
      await heal(rows, options, onProgress);
      if ((await rows.sentinels.missing()).length > 0)
        throw new StoreUnavailable('another process builds this keyspace, or its rows were lost');
      if (position) await rows.checkpoints.save(position);
    },
  });

/** Nothing is served while anything is missing. */
const untilWhole = async (held: HeldKeyspaces, look: () => Promise<void>, clock: Clock): Promise<void> => {
  let reason = 'another process rebuilds its rows';
  for (let attempt = 1; attempt <= WHOLE_TRIES_MAX; attempt += 1) {
    try {
      await look();
      if ((await held.serving.sentinels.missing()).length === 0) return;
    } catch (error) {
      if (!(error instanceof StoreUnavailable)) throw error;
      reason = error.message;
    }
    await new Promise<void>((resolve) => void clock.after(LOOK_MS, resolve));
  }
  throw new StartRefused(`the registrations in memcached are not whole: ${reason}`);
};

/** Looks for lost rows now and then, and rebuilds them. A server that is away is looked at again. */
const watch = (look: () => Promise<void>, { clock, logger }: FollowOptions): (() => Promise<void>) => {
  let isStopped = false;
  let cancel = (): void => undefined;
  let isAway = false;
  let looking = Promise.resolve();
  const turn = (): void => {
    looking = look()
      .then(
        () => (isAway = false),
        (error: unknown) => {
          if (!isAway)
            logger.warn({ view: registrationsByAor.name, err: error }, 'memcached cannot be looked at');
          isAway = true;
        },
      )
      .then(() => {
        if (!isStopped) cancel = clock.after(LOOK_MS, turn);
      });
  };
  cancel = clock.after(LOOK_MS, turn);
  return async () => {
    isStopped = true;
    cancel();
    await looking;
  };
};
