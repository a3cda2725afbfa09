// The rows that can be played, and those that cannot yet. A fault is a signal to a process: killed (what it had in memory is gone), or frozen (it holds
// its connections and says nothing). Played by play.ts; the way to some is cut instead (cuts.ts).
import type { Cluster } from '#apps/cluster';
import { systemClock } from '#libs/runtime';
import { createSentinels, keyPrefixOf, openMemcached } from '#libs/stores';
import { registrationsByAor } from '#projections/registrations-by-aor';
import { sleep, until } from '../harness/children.js';
import type { BenchCluster, EngineName } from '../harness/cluster.js';
import { metricOf } from '../rogers/running-rogers.js';
import { type Allowed, NO_ANSWER } from './answers.js';
import type { Cut } from './cuts.js';
import type { MissingRow, Row } from './row.js';

const HOLD_MS = 12_000;
const REBUILT_MS_MAX = 60_000;
const LOOK_MS = 250;
/** A client calls a Diameter peer again (RFC 3539: 6 s ± 2). */
const HSS_CALLED_AGAIN_MS = 9_000;
/** Of a consumer group: session time-out, rebalance, and one second. */
const OWNER_GONE_MS_MAX = 17_000;

const freeze = (engine: EngineName): Pick<Row, 'fault' | 'begin' | 'end'> => ({
  fault: 'SIGSTOP, SIGCONT',
  begin: async ({ engines }) => {
    for (const server of engines[engine].endpoints.keys()) await engines[engine].signal(server, 'SIGSTOP');
  },
  end: async ({ engines }) => {
    for (const server of engines[engine].endpoints.keys()) await engines[engine].signal(server, 'SIGCONT');
  },
});

const killServers = (engine: EngineName, servers: readonly number[]): Pick<Row, 'fault' | 'begin' | 'end'> => ({
  fault: 'SIGKILL, started again empty',
  begin: async ({ engines }) => {
    for (const server of servers) await engines[engine].signal(server, 'SIGKILL');
  },
  end: ({ engines }) => engines[engine].start(),
}); // prettier-ignore

const cut = (engine: Cut, server: number, fault: 'lose-answers' | 'lose-requests' | 'reset'): Pick<Row, 'fault' | 'begin' | 'end'> => ({
  fault: `the way to ${engine} ${server + 1} is cut: ${fault.replace('-', ' ')}`,
  begin: ({ cuts }) => Promise.resolve(cuts.set(engine, server, fault)),
  end: ({ cuts }) => Promise.resolve(cuts.set(engine, server, 'none')),
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

const NOTHING: readonly Allowed[] = [];
/** Whoever was being challenged is challenged once more: docs/adr/0019. */
const CHALLENGED_ANEW: Allowed = { REGISTER: [401], isAnsweredAnew: true };
const AGAIN: Allowed = { REGISTER: [500], INVITE: [500], needsRetryAfter: true };

export const ROWS: readonly Row[] = [
  {
    name: 'one memcached',
    ...killServers('memcached', [1]),
    holdMs: HOLD_MS,
    allowed: NOTHING,
  },
  {
    name: 'answers of one memcached',
    ...cut('memcached', 2, 'lose-answers'),
    holdMs: HOLD_MS,
    allowed: NOTHING,
  },
  { name: 'one memcached reset', ...cut('memcached', 0, 'reset'), holdMs: HOLD_MS, allowed: NOTHING },
  { name: 'etcd cut', ...cut('etcd', 0, 'lose-requests'), holdMs: HOLD_MS, allowed: NOTHING },
  {
    name: 'log',
    ...freeze('kafka'),
    holdMs: HOLD_MS,
    allowed: [{ REGISTER: [500], needsRetryAfter: true }],
    popLateMsMax: HOLD_MS + OWNER_GONE_MS_MAX,
  },
  {
    name: 'one broker of three',
    fault: 'SIGKILL, started again',
    begin: ({ engines }) => engines.kafka.signal(1, 'SIGKILL'),
    end: ({ engines }) => engines.kafka.start(),
    holdMs: HOLD_MS,
    // What it led is led by nobody until the others have seen that it is gone.
    allowed: [{ REGISTER: [500], needsRetryAfter: true }],
    popLateMsMax: HOLD_MS + OWNER_GONE_MS_MAX,
  },
  {
    name: 'all of memcached',
    ...killServers('memcached', [0, 1, 2]),
    holdMs: 3_000,
    allowed: [AGAIN, CHALLENGED_ANEW],
    passed: rebuilt,
  },
  {
    name: 'Cassandra',
    ...freeze('cassandra'),
    holdMs: HOLD_MS,
    allowed: [{ REGISTER: [500, 504], INVITE: [500, 504] }],
  },
  {
    name: 'a Sprout',
    ...killMember('sprout-1'),
    holdMs: HOLD_MS,
    allowed: [
      {
        REGISTER: [408, 500, 504, NO_ANSWER],
        INVITE: [408, 500, 504, NO_ANSWER],
        BYE: [408, 500, 504, NO_ANSWER],
        isInFlightOnly: true,
      },
    ],
  },
  {
    name: 'a Bono',
    ...killMember('bono-2'),
    holdMs: HOLD_MS,
    allowed: [{ REGISTER: [NO_ANSWER, 500, 503], edge: 2 }],
  },
  {
    name: 'a Chronos node',
    ...killMember('chronos-1'),
    holdMs: HOLD_MS,
    allowed: NOTHING,
    popLateMsMax: OWNER_GONE_MS_MAX,
  },
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
  { name: 'projector', ...killMember('projector-1'), holdMs: HOLD_MS, allowed: NOTHING },
  { name: 'etcd', ...freeze('etcd'), holdMs: HOLD_MS, allowed: NOTHING },
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

/** The line does not hold while there are any. */
export const MISSING: readonly MissingRow[] = [
  { name: 'a cut between programs', why: 'what is cut is the way to memcached and etcd; the ways to Kafka and Cassandra, and those of SIP between edges and routers, are not' },
]; // prettier-ignore

/** Two rows at once: both faults begin, both end, and what one of them allows is allowed. */
export const pairOf = (one: Row, other: Row): Row => {
  return {
    name: `${one.name}, ${other.name}`,
    fault: `${one.fault}; ${other.fault}`,
    holdMs: Math.max(one.holdMs, other.holdMs),
    allowed: [...one.allowed, ...other.allowed],
    isOnHss: one.isOnHss === true || other.isOnHss === true,
    popLateMsMax: (one.popLateMsMax ?? 0) + (other.popLateMsMax ?? 0),
    async begin(bench) {
      await one.begin(bench);
      await sleep(500);
      await other.begin(bench);
    },
    async end(bench) {
      await other.end(bench);
      await one.end(bench);
    },
    async passed(bench) {
      await one.passed?.(bench);
      await other.passed?.(bench);
    },
  };
};
