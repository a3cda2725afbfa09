// The views that several processes share, opened and followed: registrations in memcached, subscribers, documents and lines in Cassandra. What is
// kept in the memory or the files of a process is that process's own. Used by main.ts.
import {
  type FollowOptions,
  followLog,
  openAgreement,
  type ProcessData,
  type Projection,
  type ProjectionSink,
  type Projector,
} from '#libs/projector';
import { type ProcessConfig, type ProcessParts, StartRefused } from '#libs/runtime';
import { type CassandraDatabase, createCassandraTableStore, type StoresConfig } from '#libs/stores';
import { type DocumentRow, DocumentsByUser, documentsByUser } from '#projections/documents-by-user';
import {
  groupOf as lineGroupOf,
  LinesByAccount,
  linesByAccount,
  type LinesRow,
} from '#projections/lines-by-account';
import {
  openSharedRegistrationView,
  registrationsByAor,
  rebuildSharedView,
  sharedViewOf,
  type SharedView,
} from '#projections/registrations-by-aor';
import {
  createSubscriberProfiles,
  type SubscriberProfilesRow,
  subscriberProfiles,
} from '#projections/subscriber-profiles';
import type { KeptView, RebuildSteps } from './kept-view.js';

/** Opens them; resolves when they show all that the log holds. */
export const openViews = async (
  config: ProcessConfig,
  stores: StoresConfig,
  data: ProcessData,
  parts: ProcessParts,
): Promise<readonly KeptView[]> => {
  const { memcached, cassandra } = data.engines;
  if (!memcached && !cassandra)
    throw new StartRefused(
      'the projector keeps views that processes share: VIEW_STORE=memcached, SUBSCRIBER_STORE=cassandra, or both',
    );
  const opened: Promise<KeptView>[] = [];
  const shared = sharedViewOf(data.engines, stores, config.dataDir, parts.random);
  if (shared) opened.push(openRegistrations(shared, config, data, parts));
  if (cassandra) opened.push(...(await openTables(cassandra, data)));
  return Promise.all(opened);
};

const openRegistrations = async (
  shared: SharedView,
  config: ProcessConfig,
  { follow }: ProcessData,
  parts: ProcessParts,
): Promise<KeptView> => {
  const agreed = await openAgreement(config, parts.clock);
  const view: SharedView = agreed === undefined ? shared : { ...shared, agreed };
  // Flows and timers are the routers': nothing of this process begins with what is registered.
  const kept = await openSharedRegistrationView(view, follow, { begins: false });
  return {
    name: registrationsByAor.name,
    store: 'memcached',
    projector: kept.projector,
    get keyspaces() {
      return kept.keyspaces;
    },
    async rebuild({ onStep, onProgress }) {
      if (agreed === undefined)
        throw new StartRefused(
          'nodes agree on a new keyspace through etcd: SHARED_CONFIG=etcd, for all of them',
        );
      // The sum of what was read of each partition: what retention took is counted too.
      const total = (): number => kept.projector.position?.offset ?? 0;
      const keyspace = await rebuildSharedView({ ...view, agreed }, kept, follow, {
        by: agreed.node,
        onProgress: (done) => onProgress(done, total()),
        onPhase: (phase) =>
          onStep(
            phase.phase === 'waiting'
              ? `waits for ${phase.for.join(', ')}`
              : `${phase.phase} ${phase.keyspace}`,
          ),
      });
      return `${keyspace} serves`;
    },
    async stop() {
      await kept.stop();
      await agreed?.shared.close();
    },
  };
};

type Table = Readonly<{
  projection: Pick<Projection<never>, 'name' | 'version' | 'topics'>;
  sink: ProjectionSink;
}>;

const openTables = async (
  database: CassandraDatabase,
  { log, followTables: options }: ProcessData,
): Promise<readonly Promise<KeptView>[]> => {
  const readStream = (stream: string, from: number) => log.read(stream, from);
  const profiles = await createCassandraTableStore<SubscriberProfilesRow>({
    database,
    name: subscriberProfiles.name,
  });
  const documents = await createCassandraTableStore<DocumentRow>({ database, name: documentsByUser.name });
  const lines = await createCassandraTableStore<LinesRow>({
    database,
    name: linesByAccount.name,
    groupOf: lineGroupOf,
  });
  const tables: readonly Table[] = [
    {
      projection: subscriberProfiles,
      sink: createSubscriberProfiles({ table: profiles, readStream, isShared: true }),
    },
    {
      projection: documentsByUser,
      sink: new DocumentsByUser({ table: documents, readStream, isShared: true }),
    },
    { projection: linesByAccount, sink: new LinesByAccount({ table: lines, readStream }) },
  ];
  return tables.map(async ({ projection, sink }): Promise<KeptView> => {
    const projector = await followLog(projection, sink, options);
    return {
      name: projection.name,
      store: 'cassandra',
      projector,
      rebuild: (steps) => rebuildTable(projector, options, steps),
      stop: () => projector.stop(),
    };
  });
};

const LOOK_MS = 250;

/** A new epoch of the table: who has opened the former one goes on with that, and takes the new one at its next start. */
const rebuildTable = async (
  projector: Projector,
  { clock }: FollowOptions,
  { onStep, onProgress }: RebuildSteps,
): Promise<string> => {
  const total = projector.position?.offset ?? 0;
  onStep('folding');
  await projector.rebuild();
  let isOver = false;
  const look = (): void => {
    onProgress(projector.position?.offset ?? 0, total);
    if (!isOver) clock.after(LOOK_MS, look);
  };
  look();
  await projector.caughtUp().finally(() => (isOver = true));
  onProgress(projector.position?.offset ?? total, total);
  return 'rebuilt; nodes that run read the new rows from their next start';
};
