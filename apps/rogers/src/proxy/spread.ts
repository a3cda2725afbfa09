// Brings one value to servers that have less: each by compare-and-set over what it has. Nothing newer is ever written over.
// Used after the first server has taken a change, to even out what a reader found uneven, and by Astaire.
import type { CacheServer, Found, Wrote } from '../cache-server.port.js';
import type { Placed } from '../view-table.js';

/** Of one server, while others write the same key there. */
const WRITES_MAX = 10;

export type Spread = Readonly<{
  key: string;
  vbucket: number;
  raw: Buffer;
  version: number;
  exptime: number;
}>;

/**
 * `silent`: no answer; `sentinel`: it has another view than `text`; `refused`: it has no room. Else the server has this value or a newer one.
 */
export type SpreadOutcome = 'done' | 'silent' | 'sentinel' | 'refused';

export const spreadTo = (
  server: CacheServer,
  spread: Spread,
  /** What it is known to have; undefined: it is to be read first. */
  known: Found | undefined,
  text: string,
  done: (outcome: SpreadOutcome, sentinel: string) => void,
): void => {
  const { key, vbucket, raw, version, exptime } = spread;
  let writes = 0;
  const onWrote = (wrote: Wrote | undefined): void => {
    if (wrote === undefined) return done('silent', '');
    if (wrote.outcome === 'conflict') return read();
    if (wrote.outcome !== 'stored') return done('refused', wrote.sentinel);
    done(wrote.sentinel === text ? 'done' : 'sentinel', wrote.sentinel);
  };
  const write = (cas: string): void => {
    writes += 1;
    if (writes > WRITES_MAX) return done('silent', '');
    server.write(key, vbucket, raw, exptime, cas, onWrote);
  };
  const onRead = (found: Found | undefined): void => {
    if (found === undefined) return done('silent', '');
    if ((found.stored?.version ?? 0) < version) return write(found.cas);
    done(found.sentinel === text ? 'done' : 'sentinel', found.sentinel);
  };
  const read = (): void => server.read(key, vbucket, onRead);
  if (known === undefined) read();
  else onRead(known);
};

/**
 * All members that have less but the first `skipped`, and all that are being filled. Calls back with the worst outcome, whose it was, and the
 * sentinel that was found there.
 */
export const spreadToAll = (
  { view, members, joining }: Placed,
  found: readonly (Found | undefined)[],
  spread: Spread,
  skipped: number,
  done: (outcome: SpreadOutcome, server: CacheServer | undefined, sentinel: string) => void,
): void => {
  let left = members.length - skipped + joining.length;
  if (left === 0) return done('done', undefined, '');
  let worst: SpreadOutcome = 'done';
  let who: CacheServer | undefined;
  let theirs = '';
  const count = (server: CacheServer, outcome: SpreadOutcome, sentinel: string): void => {
    if (outcome !== 'done' && (worst === 'done' || outcome !== 'refused')) {
      worst = outcome;
      who = server;
      theirs = sentinel;
    }
    left -= 1;
    if (left === 0) done(worst, who, theirs);
  };
  for (let n = skipped; n < members.length; n += 1) {
    const server = members[n]!;
    spreadTo(server, spread, found[n], view.text, (outcome, sentinel) => count(server, outcome, sentinel));
  }
  for (const server of joining)
    // It has no sentinel of this view until it is filled.
    spreadTo(server, spread, undefined, view.text, (outcome, sentinel) =>
      count(server, outcome === 'sentinel' ? 'done' : outcome, sentinel),
    );
};
