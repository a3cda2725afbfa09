// Chronos as a part of a process: view, owners, callbacks, popper, HTTP, put together from configuration.
// Used by this app's main.ts and by the all-in-one.
import { type EventLog, EventLogConfig, type LeavableOwners, openPartitionOwners } from '#libs/event-log';
import { createSocketTransport, type ResolveHost, systemResolver } from '#libs/http-pool';
import type { FollowOptions } from '#libs/projector';
import {
  type ApiKeys,
  createPeerCheck,
  type DrainPart,
  type HttpServer,
  LATENCY_BUCKETS_MS,
  loadConfigOrExit,
  type PeerCheck,
  type ProcessConfig,
  type ProcessParts,
  startHttp,
  waitUntil,
} from '#libs/runtime';
import { openTimersDue, type TimersDueView } from '#projections/timers-due';
import type { Callbacks } from './callback.port.js';
import { startCarryingOn } from './carry-on.js';
import { type Chronos, createChronos } from './chronos.js';
import type { ChronosConfig } from './chronos.config.js';
import { ChronosModule } from './chronos.module.js';
import { directTimers } from './http/direct.js';
import { callbackKeys, createHttpCallbacks } from './http-callbacks.js';
import type { PopObserver } from './popper.js';
import { createSteadyTime, type SteadyTime } from './steady-time.js';

/** Answers of receivers are not read beyond this. */
const ANSWER_BYTES_MAX = 64 * 1024;
const CONNECT_MS = 1_000;
const DAY_MS = 86_400_000;
/** Members of the group, by which partitions are owned. */
const GROUP = 'chronos';

export type ChronosOptions = ProcessParts &
  Readonly<{
    process: ProcessConfig;
    config: ChronosConfig;
    log: EventLog;
    follow: FollowOptions;
    apiKeys: ApiKeys;
    peers: PeerCheck;
    /** Names of the deployment before those of the system. */
    resolve?: ResolveHost;
  }>;

export interface ChronosNode {
  readonly chronos: Chronos;
  readonly http: HttpServer;
}

const observer = ({ metrics, logger }: ProcessParts): PopObserver => {
  const late = metrics.histogram('chronos_pop_late_ms', 'How late timers pop, ms', LATENCY_BUCKETS_MS);
  const tries = metrics.counter('chronos_callback_failures_total', 'Tries of callbacks that failed');
  const letters = metrics.counter('chronos_dead_letters_total', 'Callbacks given up');
  const unrecorded = metrics.counter('chronos_unrecorded_total', 'Events of pops that the log did not take at first'); // prettier-ignore
  return {
    popped: (lateMs) => late.observe(lateMs),
    failed: () => void tries.n++,
    gaveUp(timer, reason) {
      letters.n++;
      logger.warn({ timer, reason }, 'a callback was given up: a dead letter');
    },
    notRecorded(error) {
      unrecorded.n++;
      if (unrecorded.n % 1_000 === 1) logger.warn({ err: error }, 'the log does not take what popped');
    },
  };
};

const gauges = ({ metrics }: ProcessParts, { due }: TimersDueView, time: SteadyTime, chronos: Chronos): void => {
  metrics.gauge('chronos_timers', 'Timers that wait', () => due.timers.size);
  metrics.gauge('chronos_bindings', 'Addresses of record whose bindings wait', () => due.bindings.size);
  metrics.gauge('chronos_dead_letters', 'Callbacks that nobody took', () => due.letters.size);
  metrics.gauge('chronos_callbacks_pending', 'Callbacks under way, and events of them', () => chronos.popper.pending); // prettier-ignore
  metrics.gauge('chronos_clock_off_ms', 'How far the clock of the machine is ahead of what timers go by', () => time.offMs()); // prettier-ignore
  metrics.labelled('chronos_tagged', 'What timers count as, by tag', 'tag', () => due.tags);
}; // prettier-ignore

const openCallbacks = ({ process, config, clock, random, resolve }: ChronosOptions): Callbacks =>
  createHttpCallbacks({
    transport: createSocketTransport({
      connectMs: CONNECT_MS,
      answerMs: config.chronosCallbackTimeoutMs,
      connectionsMax: config.chronosCallbackConnections,
      answerBytesMax: ANSWER_BYTES_MAX,
    }),
    resolve: resolve ?? systemResolver,
    clock,
    random,
    isAllowed: createPeerCheck([...process.trustedPeers, ...config.chronosCallbackHosts]),
    concurrencyMax: config.chronosCallbackConnections,
    keys: callbackKeys(config.chronosCallbackKeys),
  });

/** Its partitions go to the others; what has popped is told and written. */
const chronosDrain = (owners: LeavableOwners, { popper }: Chronos): DrainPart => ({
  leave: () => owners.leave(),
  comeBack: () => owners.comeBack(),
  unfinished: () => (popper.pending === 0 ? undefined : `${popper.pending} callbacks`),
});

/** Starts it; resolves when it shows all that the log holds, listens, and pops what it owns. */
export const startChronos = async (options: ChronosOptions): Promise<ChronosNode> => {
  const { process, config, log, follow, clock, random, logger, health, shutdown } = options;
  const part = health.part('chronos');
  const time = createSteadyTime(clock);
  const nowMs = (): number => time.nowMs();
  const sproutUrl = config.chronosSproutUrl;
  const view = await openTimersDue(
    { dataDir: process.dataDir, nowMs, withBindings: sproutUrl !== '' },
    follow,
  );
  const owners = await openPartitionOwners(loadConfigOrExit(EventLogConfig), {
    group: GROUP,
    clock,
    report: (message) => logger.warn({ part: 'chronos' }, message),
  });
  const callbacks = openCallbacks(options);
  const { due, projector } = view;
  const caughtUp = (): Promise<void> => projector.caughtUp();
  const chronos = createChronos({
    due,
    caughtUp,
    log,
    owners,
    callbacks,
    clock,
    random,
    nowMs,
    timersMax: config.chronosTimersMax,
    triesMax: config.chronosCallbackTries,
    ...(sproutUrl === '' ? {} : { expireUri: `${sproutUrl}/timers` }),
    observe: observer(options),
  });
  gauges(options, view, time, chronos);
  const stopCarrying = startCarryingOn({
    due, log, owners, clock, nowMs,
    retentionMs: process.logRetentionDays * DAY_MS,
    onFailure: (error) => logger.warn({ err: error }, 'timers could not be told again yet'),
  }); // prettier-ignore
  const http = await startHttp({
    module: ChronosModule.forRoot(chronos),
    host: process.bindAddress,
    port: config.chronosPort,
    title: 'Chronos',
    role: 'chronos',
    logger,
    apiKeys: options.apiKeys,
    peers: options.peers,
    tls: options.httpTls,
    drain: options.drain,
    direct: directTimers(chronos),
  });
  chronos.popper.start();
  options.drain?.add('chronos', chronosDrain(owners, chronos));
  shutdown.on('refuse', 'chronos', () => chronos.popper.stop());
  shutdown.on('finish', 'chronos', async () => {
    stopCarrying();
    await http.close();
    await waitUntil(clock, () => chronos.popper.pending === 0);
    await owners.stop();
  });
  shutdown.on('flush', 'chronos', async () => {
    await view.stop();
    await callbacks.close();
  });
  part.ready();
  return { chronos, http };
};
