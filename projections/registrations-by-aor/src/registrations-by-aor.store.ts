// The rows' key, encoding and time to live; the only file that knows them.
import type { Position, Recorded } from '#libs/decider';
import {
  evolveRegistration,
  forgetMessages,
  isEmptyRegistration,
  isOutdated,
  keptUntilMs,
  NO_REGISTRATION,
  pruneRegistration,
  type Registration,
  type RegistrationEvent,
} from '#libs/domain';
import type { Clock } from '#libs/runtime';
import { decodeRow, encodeRow } from './compact-row.js';
import { type Codec, type KeyValueStore, StoreUnavailable } from '#libs/stores';

/** A row outlives what it holds by this: absence is judged by expiry, never by time to live (docs/architecture.md §2). */
const LOG_OUTAGE_MAX_S = 86_400;
/** A row this contended is somebody's defect or an attack: the request is answered 500. */
const CAS_ATTEMPTS_MAX = 20;

export const registrationCodec: Codec<Registration> = { encode: encodeRow, decode: decodeRow };

/** Where rows are read, and where they are written beside: a keyspace that is being built, or one that others read still. */
export type RowStores = Readonly<{
  serving: KeyValueStore<Registration>;
  also: readonly KeyValueStore<Registration>[];
}>;

/** Registration rows by default IMPU: read, and apply recorded events by compare-and-set. */
export class RegistrationRows {
  private readonly stores: () => RowStores;

  constructor(
    store: KeyValueStore<Registration> | (() => RowStores),
    private readonly clock: Clock,
    private readonly entries = (): Iterable<readonly [string, Registration]> =>
      this.stores().serving.entries?.() ?? [],
  ) {
    this.stores = typeof store === 'function' ? store : () => ({ serving: store, also: [] });
  }

  /**
   * The row without tombstones that are over, empty when there is none. Rejects with StoreUnavailable when absence is not
   * certain.
   */
  async load(aor: string): Promise<Registration> {
    const found = await this.stores().serving.get(aor);
    return found === undefined ? NO_REGISTRATION : pruneRegistration(found.value, this.clock.nowMs());
  }

  /**
   * Applies events of this row, whenever they come, and returns it as it then is; events already applied change nothing.
   * A binding so late that its removal may be forgotten is passed over: it is the log's to tell.
   */
  apply(aor: string, events: readonly Recorded<RegistrationEvent>[]): Promise<Registration> {
    return this.#fold(aor, events, true);
  }

  /**
   * The same for one who tells the log in its order, as far as it goes. Nothing is passed over: what was removed is told
   * next, and a binding that lapsed while nobody could remove it must be there to be removed.
   */
  follow(aor: string, events: readonly Recorded<RegistrationEvent>[]): Promise<Registration> {
    return this.#fold(aor, events, false);
  }

  /** Drops the messages that the news of `at` keeps for servers: they have been told. Nothing where the row has other news. */
  async told(aor: string, at: Position): Promise<void> {
    const { serving, also } = this.stores();
    for (const store of [serving, ...also])
      await this.#changeIn(store, aor, (row) => forgetMessages(row, at));
  }

  async #fold(
    aor: string,
    events: readonly Recorded<RegistrationEvent>[],
    isAnyOrder: boolean,
  ): Promise<Registration> {
    const { serving, also } = this.stores();
    const row = await this.#foldIn(serving, aor, events, isAnyOrder);
    // Each keeps its own: what one has lost the other must not be made of.
    for (const store of also) await this.#foldIn(store, aor, events, isAnyOrder);
    return row;
  }

  #foldIn(
    store: KeyValueStore<Registration>,
    aor: string,
    events: readonly Recorded<RegistrationEvent>[],
    isAnyOrder: boolean,
  ): Promise<Registration> {
    return this.#changeIn(store, aor, (before, nowMs) => {
      let folded = before;
      for (const recorded of events)
        if (!isAnyOrder || !isOutdated(recorded.event, nowMs)) folded = evolveRegistration(folded, recorded);
      return folded;
    });
  }

  async #changeIn(
    store: KeyValueStore<Registration>,
    aor: string,
    change: (before: Registration, nowMs: number) => Registration,
  ): Promise<Registration> {
    for (let attempt = 0; attempt < CAS_ATTEMPTS_MAX; attempt++) {
      const found = await store.get(aor);
      const before = found === undefined ? NO_REGISTRATION : found.value;
      const nowMs = this.clock.nowMs();
      const changed = change(before, nowMs);
      if (changed === before) return before;
      const after = pruneRegistration(changed, nowMs);
      if (isEmptyRegistration(after)) {
        if (found === undefined || (await store.remove(aor, found.version))) return after;
        continue;
      }
      const ttlS = Math.ceil(Math.max(0, keptUntilMs(after) - nowMs) / 1000) + LOG_OUTAGE_MAX_S;
      if (await store.cas(aor, after, found?.version, ttlS)) return after;
    }
    throw new StoreUnavailable(`registration row of one user contended ${CAS_ATTEMPTS_MAX} times`);
  }

  /** all() gives every row: they are this process' own. */
  get hasAll(): boolean {
    return this.stores().serving.entries !== undefined;
  }

  /** Every row of this process's store (embedded only): for flows and timers at start. */
  *all(): Iterable<readonly [string, Registration]> {
    yield* this.entries();
  }
}
