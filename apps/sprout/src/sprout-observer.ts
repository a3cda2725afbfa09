// What the router counts and what it tells of faults: metrics by kind, and a line of the log now and then.
// Made by sprout-node.ts; the kinds are fixed words, never what a user sent.
import type { Clock, Logger, Metrics } from '#libs/runtime';
import type { SproutObserver } from './ports.js';

const COUNTS = [
  'challenge',
  'authentication-failed',
  'authentication-slowed',
  'authentication-unjudged',
  'authentication-resynchronised',
  'registered',
  'registration-vouched-for',
  'expired',
  'withdrawn',
  'subscribed',
  'notify',
  'subscription-ended',
  'watcher-lost',
  'third-party-register',
  'third-party-refused',
  'ended',
  'initial-request',
  'server-asked',
  'server-passed-over',
  'chain-taken-over',
  'leg-orphaned',
  'ack-dropped',
  'breakout',
  'emergency',
  'emergency-next',
  'emergency-refused',
] as const;
const FAULTS = [
  'homestead-timeout', 'homestead-unavailable', 'homestead-dereg', 'profile-unusable', 'append-unknown',
  'append-refused', 'store-unavailable', 'call-record', 'call-record-dropped', 'flow-removal', 'expiry', 'expiry-feed', 'reg-event', 'third-party', 'application-server', 'enum', 'enum-unusable', 'simservs-unusable',
  'defect',
] as const; // prettier-ignore

/** Of each kind of fault one line in so long: an outage is thousands of the same, and must not fill the disk besides. */
const FAULT_LINES_MS = 1_000;

/** Counts and fault lines of the router. */
export const observerOf = (metrics: Metrics, logger: Logger, clock: Clock): SproutObserver => {
  const lines = new Map<string, { atMs: number; untold: number }>();
  const counts = metrics.counters('sprout_events_total', 'What the router did, by kind', 'kind', COUNTS);
  const faults = metrics.counters('sprout_faults_total', 'Infrastructure faults, by kind', 'kind', FAULTS);
  return {
    count: (kind) => (counts[kind as (typeof COUNTS)[number]].n += 1),
    fault(kind, error) {
      faults[kind as (typeof FAULTS)[number]].n += 1;
      const nowMs = clock.monotonicMs();
      const last = lines.get(kind);
      if (last !== undefined && nowMs - last.atMs < FAULT_LINES_MS) return void last.untold++;
      logger.warn({ kind, err: error, untold: last?.untold ?? 0 }, 'fault');
      lines.set(kind, { atMs: nowMs, untold: 0 });
    },
  };
};
