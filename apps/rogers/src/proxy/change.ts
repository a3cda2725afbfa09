// A change of one key: read on all members, judged, written to the first member by compare-and-set, then to the others; acknowledged when
// all have it. Whatever goes wrong, it begins again with what is there then, and finds its own value if it was written (docs/adr/0018-replicas-behind-rogers.md).
// Used by router.ts.
import { type Change, type Failure, type Mode, VALUE_BYTES_MAX } from '#libs/memcached-protocol';
import type { CacheServer, Wrote } from '../cache-server.port.js';
import { boundedExptime, exptimeOfTtl, isOver } from '../exptime.js';
import { encodeStored, type Stored } from '../stored-value.js';
import { storedIn } from './divided.js';
import { Load } from './load.js';
import type { OperationPorts } from './operation.port.js';
import { spreadToAll } from './spread.js';

export type Wanted =
  | Readonly<{
      verb: 'store';
      key: string;
      mode: Mode;
      flags: number;
      exptime: number;
      cas: number;
      value: Buffer;
    }>
  | Readonly<{ verb: 'delete'; key: string; cas: number }>
  | Readonly<{ verb: 'touch'; key: string; cas: number; exptime: number }>
  /** Members have rows of which neither was made from the other. */
  | Readonly<{ verb: 'even'; key: string; cas: number }>;

export type OnChanged = (outcome: Change | Failure) => void;

/** A removal is remembered so long: a server that was away meanwhile is filled anew. */
export const TOMBSTONE_TTL_S = 200;
/** Others were first so often. */
const CONFLICTS_MAX = 50;
/** Of memcached's largest item, what is not ours. */
const ITEM_OVERHEAD_BYTES = 512;
const NOTHING = Buffer.alloc(0);

type Written = Readonly<{ version: number; raw: Buffer; exptime: number }>;
type Sent = Readonly<{ version: number; base: number }>;

export const changeKey = (
  ports: OperationPorts,
  wanted: Wanted,
  vbucket: number,
  deadlineMs: number,
  done: OnChanged,
): void => new Changing(ports, wanted, vbucket, deadlineMs, done).start();

class Changing {
  readonly #load: Load;
  /** What was sent last. */
  #written: Written | undefined;
  /** Of all that was sent and not refused: the first member may have it, now or later, also where no answer came. */
  readonly #sent: Sent[] = [];
  #conflicts = 0;

  constructor(
    private readonly ports: OperationPorts,
    private readonly wanted: Wanted,
    private readonly vbucket: number,
    deadlineMs: number,
    private readonly done: OnChanged,
  ) {
    this.#load = new Load(ports, wanted.key, vbucket, deadlineMs, (isLoaded) => this.#judge(isLoaded));
  }

  start(): void {
    const { wanted } = this;
    if (wanted.verb === 'store' && wanted.value.length > VALUE_BYTES_MAX - ITEM_OVERHEAD_BYTES)
      return this.done({ failure: 'too-large' });
    this.#load.start();
  }

  #judge(isLoaded: boolean): void {
    if (!isLoaded) return this.done({ failure: 'unavailable' });
    const { stored } = this.#load;
    if (stored !== undefined && this.#sent.length > 0) {
      // An answer was lost, or a view changed under way: it was written all the same. Or somebody has made something of it since: then that is
      // what all are to have.
      const ours = this.#sent.find(({ version }) => version === stored.version || version === stored.base);
      if (ours !== undefined) return this.#spreadFound(ours.version);
    }
    if (this.#isUnknown(stored)) return this.done({ failure: 'unavailable' });
    const live = stored === undefined || stored.isDeleted ? undefined : stored;
    const refusal = refusalOf(this.wanted, live);
    if (refusal !== undefined) return this.done({ change: refusal, cas: 0 });
    const written = this.#make(stored, live);
    this.#written = written;
    this.#sent.push({ version: written.version, base: stored?.version ?? 0 });
    const lead = this.#load.placed!.members[0]!;
    const { cas } = this.#load.found[0]!;
    lead.write(this.wanted.key, this.vbucket, written.raw, written.exptime, cas, (wrote) =>
      this.#onLead(lead, wrote),
    );
  }

  /** What is to be stored: the tombstone of what is removed, or is over as it is written. */
  #make(stored: Stored | undefined, live: Stored | undefined): Written {
    const { wanted, ports } = this;
    const base = stored?.version ?? 0;
    const version = ports.versions.next(base);
    const nowMs = ports.clock.nowMs();
    const { best } = this.#load;
    if (wanted.verb === 'even') {
      const value = this.#even();
      const raw = encodeStored({ version, base, flags: live?.flags ?? 0, isDeleted: false, value });
      return { version, raw, exptime: exptimeOfTtl(best?.ttlS ?? -1, nowMs) };
    }
    if (wanted.verb === 'delete' || isOver(wanted.exptime, nowMs)) {
      const raw = encodeStored({ version, base, flags: 0, isDeleted: true, value: NOTHING });
      return { version, raw, exptime: TOMBSTONE_TTL_S };
    }
    const exptime = boundedExptime(wanted.exptime);
    if (wanted.verb === 'touch') {
      const { flags, value } = live!;
      return { version, raw: encodeStored({ version, base, flags, isDeleted: false, value }), exptime };
    }
    const value = this.#merged(wanted, live);
    const raw = encodeStored({ version, base, flags: wanted.flags, isDeleted: false, value });
    return { version, raw, exptime };
  }

  /** A row that is set without having been read is no reason to forget what is there. */
  #merged({ key, mode, cas, value }: Extract<Wanted, { verb: 'store' }>, live: Stored | undefined): Buffer {
    const { merge, count } = this.ports;
    if (live === undefined || mode !== 'set' || cas !== 0 || !merge.isMerged(key)) return value;
    const merged = merge.merge(value, live.value);
    if (merged !== undefined) count.merges.n += 1;
    return merged ?? value;
  }

  #even(): Buffer {
    const { merge, count } = this.ports;
    count.merges.n += 1;
    const [first, ...others] = storedIn(this.#load.found).filter(({ isDeleted }) => !isDeleted);
    return others.reduce((older, { value }) => merge.merge(value, older) ?? value, first?.value ?? NOTHING);
  }

  #onLead(lead: CacheServer, wrote: Wrote | undefined): void {
    // No answer: whether it is written shows when it is read again, under the view that then holds.
    if (wrote === undefined) return this.#load.start();
    switch (wrote.outcome) {
      case 'conflict':
        this.#sent.pop();
        this.ports.count.conflicts.n += 1;
        this.#conflicts += 1;
        return this.#conflicts > CONFLICTS_MAX ? this.done({ failure: 'busy' }) : this.#load.start();
      case 'refused':
        return this.done({ failure: 'full' });
      case 'too-large':
        return this.done({ failure: 'too-large' });
      case 'stored':
        if (wrote.sentinel === this.#load.placed!.view.text) return this.#spread(1);
        this.ports.keeper.doubt(this.vbucket, lead, wrote.sentinel);
        return this.#load.start();
    }
  }

  /**
   * Others may have made one thing after another of what was sent: it would be done twice, or refused for what it did itself. Only what was made from
   * the same as it shows that it was not taken.
   */
  #isUnknown(stored: Stored | undefined): boolean {
    const [version, madeFrom] = [stored?.version ?? 0, stored?.base ?? 0];
    return this.#sent.some(({ base }) => base !== version && base !== madeFrom);
  }

  #spreadFound(ours: number): void {
    const { raw, ttlS, stored } = this.#load.best!;
    const exptime = exptimeOfTtl(ttlS, this.ports.clock.nowMs());
    this.#spread(0, { version: stored!.version, raw: raw!, exptime }, ours);
  }

  /** What was written, or what was made of it (`ours`); either way it is what was written that is done. */
  #spread(skipped: number, { version, raw, exptime }: Written = this.#written!, ours = version): void {
    const { placed, found } = this.#load;
    const spread = { key: this.wanted.key, vbucket: this.vbucket, raw, version, exptime };
    spreadToAll(placed!, found, spread, skipped, (outcome, server, sentinel) => {
      switch (outcome) {
        case 'done':
          return this.done({ change: 'done', cas: ours });
        case 'refused':
          return this.done({ failure: 'full' });
        case 'sentinel':
          if (server !== undefined) this.ports.keeper.doubt(this.vbucket, server, sentinel);
          return this.#load.start();
        case 'silent':
          return this.#load.start();
      }
    });
  }
}

const refusalOf = (wanted: Wanted, live: Stored | undefined): Change['change'] | undefined => {
  if (wanted.verb === 'store' && wanted.mode === 'add') return live === undefined ? undefined : 'not-stored';
  if (wanted.verb === 'store' && wanted.mode === 'replace' && live === undefined) return 'not-stored';
  const isNeeded = wanted.verb !== 'store' || wanted.cas !== 0;
  if (isNeeded && live === undefined) return 'not-found';
  return wanted.cas !== 0 && wanted.cas !== live?.version ? 'exists' : undefined;
};
