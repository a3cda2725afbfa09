// The rows. A fault is a signal to a process: killed (what it had in memory is gone), or frozen (it holds its connections and says nothing). Played by
// play.ts; rows in which it is the way to something that is cut: cut-rows.ts.
import type { Cluster } from '#apps/cluster';
import { systemClock } from '#libs/runtime';
import type { RealEngine } from '#libs/testkit';
import { createSentinels, keyPrefixOf, openMemcached } from '#libs/stores';
import { registrationsByAor } from '#projections/registrations-by-aor';
import { sleep, until } from '../harness/children.js';
import type { BenchCluster, EngineName } from '../harness/cluster.js';
import { metricOf } from '../rogers/running-rogers.js';
import { type Allowed, NO_ANSWER } from './answers.js';
import { CUT_ROWS } from './cut-rows.js';
import {
  AT_A_BONO,
  CASSANDRA_AWAY,
  HOLD_MS,
  IN_FLIGHT,
  LOG_AWAY,
  NOTHING,
  OWNER_GONE_MS_MAX,
} from './allowed.js';
import type { Row } from './row.js';

const REBUILT_MS_MAX = 60_000;
const LOOK_MS = 250;
/** A client calls a Diameter peer again (RFC 3539: 6 s ± 2). */
const HSS_CALLED_AGAIN_MS = 9_000;

/** In a pair another row may have ended it already. */
const signal = async (one: RealEngine, server: number, name: NodeJS.Signals): Promise<void> => {
  await one.signal(server, name).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'ESRCH') throw error;
  });
};

const signalAll = async (one: RealEngine, name: NodeJS.Signals): Promise<void> => {
  for (const server of one.endpoints.keys()) await signal(one, server, name);
};

const freeze = (engine: EngineName): Pick<Row, 'fault' | 'begin' | 'end'> => ({
  fault: 'SIGSTOP, SIGCONT',
  begin: ({ engines }) => signalAll(engines[engine], 'SIGSTOP'),
  end: ({ engines }) => signalAll(engines[engine], 'SIGCONT'),
});

const killServers = (engine: EngineName, servers: readonly number[]): Pick<Row, 'fault' | 'begin' | 'end'> => ({
  fault: 'SIGKILL, started again empty',
  begin: async ({ engines }) => {
    for (const server of servers) await signal(engines[engine], server, 'SIGKILL');
  },
  end: ({ engines }) => engines[engine].start(),
}); // prettier-ignore

/** In a pair another row may have started it already. */
const launch = async (cluster: Cluster, name: string): Promise<void> => {
  if (!cluster.runs(name)) await cluster.launch(name);
};

const killMember = (name: string): Pick<Row, 'fault' | 'begin' | 'end'> => ({
  fault: `SIGKILL of ${name}, started again`,
  begin: async ({ cluster }) => void (await cluster.end(name, 'SIGKILL')),
  end: ({ cluster }) => launch(cluster, name),
});

const killAll: Pick<Row, 'fault' | 'begin' | 'end'> = {
  fault: 'SIGKILL of every process of ours at once, all started again',
  begin: async ({ cluster }) =>
    void (await Promise.all(cluster.members.map(({ name }) => cluster.end(name, 'SIGKILL')))),
  async end({ cluster }) {
    for (const { name, app } of cluster.members) if (app === 'rogers') await launch(cluster, name);
    const others = cluster.members.filter(({ app }) => app !== 'rogers');
    await Promise.all(others.map(({ name }) => launch(cluster, name)));
  },
};

/** Each vbucket is on two servers again, and the log has been folded into what was lost of the view: its sentinels are there. */
const rebuilt = async ({ cluster, name }: BenchCluster): Promise<void> => {
  const rogers = cluster.members.filter(({ app }) => app === 'rogers');
  await until<true | void>('each vbucket to be on two servers', REBUILT_MS_MAX, async () => {
    const behind = await Promise.all(
      rogers.map((one) => metricOf(one, 'rogers_astaire_vbuckets_behind').catch(() => NaN)),
    );
    return behind.every((vbuckets) => vbuckets === 0) ? true : sleep(LOOK_MS);
  });
  const keyspace = `v${registrationsByAor.version}-${name}`;
  const servers = rogers.map(({ address }) => `${address}:11311`);
  const memcached = openMemcached({ servers, clock: systemClock, timeoutMs: 2_000, areAlike: true });
  const prefix = keyPrefixOf(registrationsByAor.name, keyspace);
  const sentinels = createSentinels({ cluster: memcached, prefix, generation: keyspace, newToken: () => '' });
  try {
    await until<true | void>('the view to be rebuilt', REBUILT_MS_MAX, async () => {
      const missing = await sentinels.missing().catch(() => [NaN]);
      return missing.length === 0 ? true : sleep(LOOK_MS);
    });
  } finally {
    memcached.close();
  }
};

/** Whoever was being challenged is challenged once more: docs/adr/0019. */
const CHALLENGED_ANEW: Allowed = { REGISTER: [401], isAnsweredAnew: true };
const AGAIN: Allowed = { REGISTER: [500], INVITE: [500], needsRetryAfter: true };

/**
 * A row each of the table, and a broker of several: engines first, since what runs on them comes back after them (pairOf). Pairs are made of these.
 */
export const TABLE_ROWS: readonly Row[] = [
  {
    name: 'one memcached',
    ...killServers('memcached', [1]),
    holdMs: HOLD_MS,
    allowed: NOTHING,
  },
  {
    name: 'log',
    ...freeze('kafka'),
    holdMs: HOLD_MS,
    allowed: LOG_AWAY,
    popLateMsMax: HOLD_MS + OWNER_GONE_MS_MAX,
  },
  {
    name: 'one broker of three',
    ...killServers('kafka', [1]),
    fault: 'SIGKILL, started again',
    holdMs: HOLD_MS,
    // What it led is led by nobody until the others have seen that it is gone.
    allowed: LOG_AWAY,
    popLateMsMax: HOLD_MS + OWNER_GONE_MS_MAX,
  },
  {
    name: 'all of memcached',
    ...killServers('memcached', [0, 1, 2]),
    holdMs: 3_000,
    allowed: [AGAIN, CHALLENGED_ANEW],
    passed: rebuilt,
  },
  { name: 'Cassandra', ...freeze('cassandra'), holdMs: HOLD_MS, allowed: CASSANDRA_AWAY },
  { name: 'etcd', ...freeze('etcd'), holdMs: HOLD_MS, allowed: NOTHING },
  {
    name: 'CDF',
    fault: 'SIGKILL, started again',
    begin: ({ cdf }) => cdf.kill(),
    end: ({ cdf }) => cdf.start(),
    holdMs: HOLD_MS,
    allowed: NOTHING,
  },
  {
    name: 'HSS',
    isOnHss: true,
    fault: 'SIGKILL, started again; it has forgotten who is registered',
    begin: async ({ hss }) => void (await hss?.kill()),
    end: async ({ hss }) => void (await hss?.start()),
    holdMs: HOLD_MS,
    // Calls go on, and who refreshes with the challenge that he has: a new one, which each of SIPp's registrations begins with, is the HSS'.
    allowed: [{ REGISTER: [504] }],
    passed: () => sleep(HSS_CALLED_AGAIN_MS),
  },
  { name: 'a Sprout', ...killMember('sprout-1'), holdMs: HOLD_MS, allowed: IN_FLIGHT },
  { name: 'a Bono', ...killMember('bono-2'), holdMs: HOLD_MS, allowed: AT_A_BONO },
  {
    name: 'a Chronos node',
    ...killMember('chronos-1'),
    holdMs: HOLD_MS,
    allowed: NOTHING,
    popLateMsMax: OWNER_GONE_MS_MAX,
  },
  { name: 'projector', ...killMember('projector-1'), holdMs: HOLD_MS, allowed: NOTHING },
  {
    name: 'the process',
    ...killAll,
    holdMs: 0,
    allowed: [
      {
        REGISTER: [NO_ANSWER, 408, 500, 503, 504],
        INVITE: [NO_ANSWER, 408, 500, 503, 504],
        BYE: [NO_ANSWER, 408, 500, 503, 504],
      },
      CHALLENGED_ANEW,
    ],
    popLateMsMax: 60_000,
  },
];

export const ROWS: readonly Row[] = [...TABLE_ROWS, ...CUT_ROWS];
