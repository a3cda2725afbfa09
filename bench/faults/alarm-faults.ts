// For each alarm of docker/prometheus/alarms.yml what brings its condition about on a running cluster: a fault of the kind that the alarm is for. What the members
// of the cluster cannot show (a clock that is off, workers) a process beside them does (extra-process.ts). Used by alarms.ts.
import { existsSync, mkdirSync, readdirSync, rmSync } from 'node:fs';
import path from 'node:path';
import { UPCASTERS } from '#libs/domain';
import { createUpcasting, openKafkaLog } from '#libs/event-log';
import { systemClock as clock, systemRandom as random } from '#libs/runtime';
import { sleep, until } from '../harness/children.js';
import { setTimers, startReceiver } from '../harness/chronos.js';
import { freePort } from '../harness/ports.js';
import { type SippRun, startSipp } from '../harness/sipp.js';
import { DEVICES, usersOf, writeUsersFile } from '../harness/users.js';
import type { AlarmBench, AlarmFault } from './alarm.js';
import { clockThatStepped, endWorkers } from './extra-process.js';
import { USERS } from './load.js';

/** For every member: so that a callback is given up while somebody watches. */
export const ALARM_ENV = { CHRONOS_CALLBACK_TRIES: '2' };

const SPOOL_FILES_MS_MAX = 60_000;
const TIMERS = 200;
const VERSION_OF_TOMORROW = 99;

/** Begins something that has to be ended by what it gives back. */
const undoable = (begin: (bench: AlarmBench) => Promise<() => Promise<void> | void>) => {
  let undo: (() => Promise<void> | void) | undefined;
  return {
    async begin(bench: AlarmBench): Promise<void> {
      undo = await begin(bench);
    },
    async end(): Promise<void> {
      await undo?.();
      undo = undefined;
    },
  };
};

/** A processor that others have: so long it runs nothing, so long it does, again and again. */
const starve = ({ cluster }: AlarmBench, names: readonly string[], stoppedMs: number, runsMs: number) => {
  let isOver = false;
  const signal = (name: NodeJS.Signals): void => names.forEach((each) => process.kill(cluster.pid(each), name));
  const run = async (): Promise<void> => {
    while (!isOver) {
      signal('SIGSTOP');
      await sleep(stoppedMs);
      signal('SIGCONT');
      await sleep(runsMs);
    }
  };
  const running = run();
  return async (): Promise<void> => {
    isOver = true;
    await running;
  };
}; // prettier-ignore

const members = ({ cluster }: AlarmBench, app: string): readonly string[] =>
  cluster.members.filter((one) => one.app === app).map(({ name }) => name);

const killMembers = (names: (bench: AlarmBench) => readonly string[]) => ({
  begin: async (bench: AlarmBench): Promise<void> => {
    for (const name of names(bench)) await bench.cluster.end(name, 'SIGKILL');
  },
  end: async (bench: AlarmBench): Promise<void> => {
    for (const name of names(bench)) await bench.cluster.launch(name);
  },
});

const killMemcached = (servers: readonly number[]) => ({
  begin: async ({ engines }: AlarmBench): Promise<void> => {
    for (const server of servers) await engines.memcached.signal(server, 'SIGKILL');
  },
  end: ({ engines }: AlarmBench): Promise<void> => engines.memcached.start(),
});

const setTimersOf = async (bench: AlarmBench, intervals: readonly number[], port: number): Promise<void> => {
  const urls = bench.cluster.members.filter(({ app }) => app === 'chronos').map(({ address }) => `http://${address}:7253`); // prettier-ignore
  await setTimers(urls, intervals.map((intervalS) => ({ intervalS, uri: `http://127.0.0.1:${port}/t` }))); // prettier-ignore
};

/** More than the newest file of what waits at a router: the one that the disk will not give back. */
const spoolFilesOf = (bench: AlarmBench): readonly string[] => {
  const files = members(bench, 'sprout').flatMap((name) => {
    const folder = path.join(bench.cluster.member(name).folder, 'data/charging-spool');
    if (!existsSync(folder)) return [];
    return readdirSync(folder, { recursive: true, encoding: 'utf8' })
      .filter((file) => file.endsWith('.spool') && !file.endsWith('/1.spool') && file !== '1.spool')
      .map((file) => path.join(folder, file));
  });
  return files;
};

/** The log comes back to a disk that lost what was to be read from it. */
const spoilSpool = async (bench: AlarmBench): Promise<void> => {
  const files = await until('a second file of a spool', SPOOL_FILES_MS_MAX, () => {
    const found = spoolFilesOf(bench);
    return found.length > 0 ? found : undefined;
  });
  for (const file of files) {
    rmSync(file);
    mkdirSync(file);
  }
};

const signalKafka = async ({ engines }: AlarmBench, name: NodeJS.Signals): Promise<void> => {
  for (const server of engines.kafka.endpoints.keys()) await engines.kafka.signal(server, name);
};

/** An event of a version that no program of this one knows. */
const writeOfTomorrow = async ({ engines, name }: AlarmBench): Promise<void> => {
  const log = await openKafkaLog({
    connection: { brokers: engines.kafka.endpoints, clientId: 'tomorrow' },
    topicPrefix: name,
    generation: 1,
    partitions: 12,
    isSingle: engines.kafka.endpoints.length < 3,
    retentionMs: 7 * 86_400_000,
    clock,
    random,
    ...createUpcasting(UPCASTERS),
    versionOf: () => VERSION_OF_TOMORROW,
  });
  try {
    await log.append('registration-sip:of-tomorrow@ims.test', [{ type: 'BindingAdded', data: {} }]);
  } finally {
    await log.close();
  }
};

/** Registrations over UDP at the second edge, from a port of their own. */
const burst = async (bench: AlarmBench, rate: number): Promise<SippRun> => {
  const users = usersOf('a', USERS);
  const localPort = await freePort();
  return startSipp({
    scenario: 'reg-burst',
    target: `${bench.bono(2)}:5060`,
    localPort,
    usersFile: writeUsersFile(bench.folder, 'burst', users, users, DEVICES.caller),
    rate,
    callsAtOnceMax: 4_000,
    keys: { contact: `127.0.0.1:${localPort}`, expires: '3600' },
  });
};

export const ALARM_FAULTS: readonly AlarmFault[] = [
  { alarms: ['ProcessDown'], what: 'a Homer is killed', ...killMembers(() => ['homer-2']) },
  { alarms: ['InfrastructureFaults'], what: 'both Homesteads are killed', ...killMembers((bench) => members(bench, 'homestead')) },
  { alarms: ['HssDown'], what: 'the HSS is killed', begin: ({ hss }) => hss!.kill(), end: ({ hss }) => hss!.start() },
  { alarms: ['CdfsDown'], what: 'the CDF is killed', begin: ({ cdf }) => cdf.kill(), end: ({ cdf }) => cdf.start() },
  {
    alarms: ['RecordsRefused'],
    what: 'the CDF answers 5012 (unable to comply)',
    async begin({ cdf }) {
      await cdf.kill();
      await cdf.start(5012);
    },
    async end({ cdf }) {
      await cdf.kill();
      await cdf.start();
    },
  },
  // Before the caches are lost: calls that are to be charged need them.
  {
    alarms: ['LogAway', 'ChargingSpooled', 'ChargingLost'],
    raisedByEnd: ['ChargingLost'],
    what: 'Kafka is frozen, and the disk on which charging facts wait does not give them back',
    begin: (bench) => signalKafka(bench, 'SIGSTOP'),
    async end(bench) {
      await spoilSpool(bench).finally(() => signalKafka(bench, 'SIGCONT'));
    },
  },
  { alarms: ['CacheServerDown'], what: 'one memcached of three is killed', ...killMemcached([0]) },
  {
    alarms: ['CacheBehind', 'CacheFailures'],
    what: 'two memcached of three are killed: what was on both is gone, and nothing has a second place',
    ...killMemcached([0, 1]),
  },
  {
    alarms: ['ViewsLag'],
    what: 'the projector gets no processor for seconds at a time',
    ...undoable((bench) => Promise.resolve(starve(bench, ['projector-1'], 3_000, 700))),
  },
  {
    alarms: ['DeadLetters'],
    what: 'timers call back where nobody listens',
    ...undoable(async (bench) => {
      await setTimersOf(bench, [1, 1, 2], await freePort());
      return () => undefined;
    }),
  },
  {
    alarms: ['TimersLate'],
    what: 'both Chronos nodes get no processor for seconds at a time',
    ...undoable(async (bench) => {
      const receiver = await startReceiver();
      await setTimersOf(bench, Array.from({ length: TIMERS }, (_, n) => 3 + Math.floor(n / 2)), receiver.port);
      const feed = starve(bench, members(bench, 'chronos'), 3_000, 700);
      return async () => {
        await feed();
        receiver.close();
      };
    }),
  },
  {
    alarms: ['Overload'],
    what: 'more registrations than an edge can take that is given a tenth of a processor',
    ...undoable(async (bench) => {
      const run = await burst(bench, 200);
      const feed = starve(bench, ['bono-2'], 180, 20);
      return async () => {
        await feed();
        await run.stop();
      };
    }),
  },
  {
    alarms: ['ViewParked'],
    what: 'a program of a later version writes an event as nobody here knows it',
    ...undoable(async (bench) => {
      await writeOfTomorrow(bench);
      return () => undefined;
    }),
  },
  { alarms: ['ClockOff'], what: 'the clock that a third Chronos node goes by steps', ...undoable(clockThatStepped) },
  { alarms: ['WorkersRestart'], what: 'workers of a third edge are killed again and again', ...undoable(endWorkers) },
]; // prettier-ignore

/** What no fault here raises yet, and why: the run says that it does not hold. */
export const NOT_RAISED: Readonly<Record<string, string>> = {
  ArchiveStopped:
    'an archive stops where the log has dropped what it was to read: that takes a log that drops records, and an archive that is behind it',
};
