// A get: the newest of what all members have. Where one has less it is brought up to date before the answer, so that nobody who reads
// later sees less (read repair); rows of which neither was made from the other are merged. Used by router.ts.
import type { Failure, Item } from '#libs/memcached-protocol';
import { exptimeOfTtl } from '../exptime.js';
import { changeKey } from './change.js';
import { isDivided } from './divided.js';
import { Load } from './load.js';
import type { OperationPorts } from './operation.port.js';
import { spreadToAll } from './spread.js';

export type OnRead = (found: Item | undefined | Failure) => void;

const UNAVAILABLE: Failure = { failure: 'unavailable' };
/** What has so little to live may be over on one server and not yet on the other. */
const NEARLY_OVER_S = 1;
const REPAIRS_MAX = 5;

/** `deadlineMs` on the monotonic clock. */
export const readKey = (
  ports: OperationPorts,
  key: string,
  vbucket: number,
  deadlineMs: number,
  done: OnRead,
): void => {
  let repairs = 0;
  const load = new Load(ports, key, vbucket, deadlineMs, (isLoaded) => {
    if (!isLoaded) return done(UNAVAILABLE);
    if (!load.isUneven) return done(load.item);
    repair();
  });
  const again = (): void => {
    repairs += 1;
    if (repairs > REPAIRS_MAX) return done(UNAVAILABLE);
    load.start();
  };
  const repair = (): void => {
    const { best, placed, found } = load;
    if (best?.stored === undefined || best.raw === undefined || placed === undefined) return done(undefined);
    if (best.ttlS >= 0 && best.ttlS <= NEARLY_OVER_S) return done(load.item);
    if (ports.merge.isMerged(key) && isDivided(found)) {
      // Nobody has asked for it: whoever reads next finds them even.
      const wanted = { verb: 'even', key, cas: 0 } as const;
      return changeKey(ports, wanted, vbucket, deadlineMs, (outcome) =>
        'failure' in outcome ? done(outcome) : again(),
      );
    }
    ports.count.repairs.n += 1;
    const exptime = exptimeOfTtl(best.ttlS, ports.clock.nowMs());
    const spread = { key, vbucket, raw: best.raw, version: best.stored.version, exptime };
    spreadToAll(placed, found, spread, 0, (outcome, server, sentinel) => {
      // Who has no room has less still; what is read is right all the same.
      if (outcome === 'done' || outcome === 'refused') return done(load.item);
      if (outcome === 'sentinel' && server !== undefined) ports.keeper.doubt(vbucket, server, sentinel);
      again();
    });
  };
  load.start();
};
