// The edge's charging as a part of a node: where CDF_IDENTITY names a charging function, else nothing. Used by bono-node.ts.
import { icidOfStream } from '#libs/domain';
import { type AppendSpool, CallSpool, type EventLog, tracedAppends } from '#libs/event-log';
import type { Clock, Logger, Metrics, Random, Traces } from '#libs/runtime';
import type { BonoConfig } from '../bono.config.js';
import { SignedEdgeCharging } from './edge-charging.js';
import type { EdgeCharging } from './edge-charging.port.js';

/** Of failures one line in so many: what waits meanwhile, and what is lost, the spool tells. */
const TOLD_EACH = 1_000;

export type ChargingLog = Readonly<{
  log: Pick<EventLog, 'append'>;
  /** Where facts wait while the log takes none; without it they are dropped. */
  spool?: AppendSpool;
}>;

export type OpenEdgeChargingOptions = Readonly<{
  config: Pick<BonoConfig, 'cdfIdentity'>;
  charging?: ChargingLog;
  flowTokenKey: Buffer;
  clock: Clock;
  random: Random;
  logger: Logger;
  metrics: Metrics;
  traces?: Traces;
}>;

export interface OpenEdgeCharging {
  readonly charging: EdgeCharging;
  /** What waits, into the log. Never rejects. */
  flush(): Promise<void>;
}

/** undefined: nobody asks for it. */
export const openEdgeCharging = (options: OpenEdgeChargingOptions): OpenEdgeCharging | undefined => {
  const { config, charging, flowTokenKey, clock, random, logger, metrics } = options;
  if (config.cdfIdentity === '') return undefined;
  if (charging === undefined) throw new Error('CDF_IDENTITY needs a log');
  const failures = metrics.counter('bono_charging_failed_total', 'Appends of charging facts that the log did not take at first'); // prettier-ignore
  const dropped = metrics.counter(
    'bono_charging_dropped_total',
    'Charging facts that gave way to newer ones',
  );
  const facts = new CallSpool({
    log: tracedAppends(charging.log, options, icidOfStream),
    charging: charging.spool,
    clock,
    told: {
      taken: () => undefined,
      failed(error) {
        if (failures.n++ % TOLD_EACH === 0)
          logger.warn({ err: error }, 'the log does not take charging facts');
      },
      dropped: () => void dropped.n++,
    },
  });
  return {
    charging: new SignedEdgeCharging({ facts, clock, random }, flowTokenKey, config.cdfIdentity),
    flush: () => facts.flush(),
  };
};
