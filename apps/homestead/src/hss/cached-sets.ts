// What the HSS has told of the sets that are registered or called here, for as long as a record lives: in the view store, shared by the
// Homesteads of a deployment (backend.md §1.5, on three kinds of rows). Written by hss-homestead.ts and pushes.ts.
import type { RegData } from '#libs/homestead-client';
import type { Clock } from '#libs/runtime';
import { type KeyValueStore, StoreUnavailable, type Versioned } from '#libs/stores';

export type CachedSet = Readonly<{
  kind: 'set';
  state: 'REGISTERED' | 'UNREGISTERED';
  xml: string;
  /** The default one first: the set's own name. */
  impus: readonly string[];
  /** Private identities that registered it. */
  impis: readonly string[];
  chargingAddresses: RegData['chargingAddresses'];
  /** When the HSS was asked last, ms since 1970; the record's life counts from here. */
  renewedAtMs: number;
}>;
/** A public identity → its set; a private one → its sets. */
export type CachedRow =
  | CachedSet
  | Readonly<{ kind: 'identity'; defaultImpu: string }>
  | Readonly<{ kind: 'private'; defaultImpus: readonly string[] }>;

/** Two nodes change one row at once seldom; beyond this many times the store counts as failed. */
const CAS_ATTEMPTS_MAX = 10;
/** Sets of one private identity. At the bound the oldest is no longer found by it: a withdrawal that names no set passes it over. */
export const SETS_OF_PRIVATE_MAX = 32;

const setKey = (defaultImpu: string): string => `set/${defaultImpu}`;
const identityKey = (impu: string): string => `impu/${impu}`;
const privateKey = (impi: string): string => `impi/${impi}`;

export const defaultImpuOf = ({ impus }: CachedSet): string => impus[0] ?? '';

const union = (before: readonly string[], one: readonly string[]): readonly string[] => [
  ...before,
  ...one.filter((each) => !before.includes(each)),
];

export type CachedSetsPorts = Readonly<{
  store: KeyValueStore<CachedRow>;
  clock: Pick<Clock, 'nowMs'>;
  /** Life of a record, s. */
  recordTtlS: number;
}>;

/** Every call rejects with StoreUnavailable when the store cannot tell. */
export class CachedSets {
  constructor(private readonly ports: CachedSetsPorts) {}

  /** The set that a public identity, or a wildcard, belongs to. */
  async find(impu: string): Promise<CachedSet | undefined> {
    const link = (await this.ports.store.get(identityKey(impu)))?.value;
    if (link?.kind !== 'identity') return undefined;
    const set = await this.named(link.defaultImpu);
    // A link that was left behind points to a set that knows nothing of it.
    return set?.impus.includes(impu) ? set : undefined;
  }

  /** The sets that a private identity registered. */
  async ofPrivate(impi: string): Promise<readonly CachedSet[]> {
    const row = (await this.ports.store.get(privateKey(impi)))?.value;
    if (row?.kind !== 'private') return [];
    const sets = await Promise.all(row.defaultImpus.map((impu) => this.named(impu)));
    return sets.filter((set) => set !== undefined).filter(({ impis }) => impis.includes(impi));
  }

  /**
   * Keeps what the HSS answered. Private identities of before stay; a set that is registered is not made unregistered by a call that
   * was asked about before. Gives what is kept.
   */
  async put(told: CachedSet): Promise<CachedSet> {
    const kept = await this.change(defaultImpuOf(told), (before) => {
      if (before?.state === 'REGISTERED' && told.state === 'UNREGISTERED') return before;
      return { ...told, impis: union(before?.impis ?? [], told.impis) };
    });
    if (!kept) return told;
    await this.link(kept);
    return kept;
  }

  /** Writes what a push changed; the record lives no longer for it. False: the set is gone meanwhile. */
  async replace(defaultImpu: string, renew: (before: CachedSet) => CachedSet): Promise<boolean> {
    let dropped: readonly string[] = [];
    const kept = await this.change(defaultImpu, (before) => {
      if (!before) return undefined;
      const after = renew(before);
      dropped = before.impus.filter((impu) => !after.impus.includes(impu));
      return after;
    });
    if (!kept) return false;
    await this.link(kept);
    await Promise.all(dropped.map((impu) => this.drop(identityKey(impu))));
    return true;
  }

  async remove(set: CachedSet): Promise<void> {
    await this.drop(setKey(defaultImpuOf(set)));
    await Promise.all(set.impus.map((impu) => this.drop(identityKey(impu))));
    await Promise.all(set.impis.map((impi) => this.unlink(impi, defaultImpuOf(set))));
  }

  private async named(defaultImpu: string): Promise<CachedSet | undefined> {
    const row = (await this.ports.store.get(setKey(defaultImpu)))?.value;
    return row?.kind === 'set' ? row : undefined;
  }

  /** CAS loop over the row of a set; `next` gives what it becomes, or the same or nothing to leave it. */
  private change(
    defaultImpu: string,
    next: (before: CachedSet | undefined) => CachedSet | undefined,
  ): Promise<CachedSet | undefined> {
    return this.attempts(setKey(defaultImpu), async (held) => {
      const before = held?.value.kind === 'set' ? held.value : undefined;
      const after = next(before);
      const isSame = after === undefined || after === before;
      return { done: isSame || (await this.write(setKey(defaultImpu), after, held, after)), value: after };
    });
  }

  /** The rows that lead to the set, each with the set's own life. */
  private async link(set: CachedSet): Promise<void> {
    const defaultImpu = defaultImpuOf(set);
    const row: CachedRow = { kind: 'identity', defaultImpu };
    const identities = set.impus.map((impu) =>
      this.attempts(identityKey(impu), async (held) => ({
        done: await this.write(identityKey(impu), row, held, set),
        value: undefined,
      })),
    );
    const privates = set.impis.map((impi) =>
      this.attempts(privateKey(impi), async (held) => {
        const before = held?.value.kind === 'private' ? held.value.defaultImpus : [];
        const defaultImpus = union(before, [defaultImpu]).slice(-SETS_OF_PRIVATE_MAX);
        return { done: await this.write(privateKey(impi), { kind: 'private', defaultImpus }, held, set), value: undefined }; // prettier-ignore
      }),
    );
    await Promise.all([...identities, ...privates]);
  }

  private unlink(impi: string, defaultImpu: string): Promise<undefined> {
    const { store } = this.ports;
    const key = privateKey(impi);
    return this.attempts(key, async (held) => {
      if (held?.value.kind !== 'private') return { done: true, value: undefined };
      const defaultImpus = held.value.defaultImpus.filter((one) => one !== defaultImpu);
      const done =
        defaultImpus.length === 0
          ? await store.remove(key, held.version)
          : await store.cas(key, { kind: 'private', defaultImpus }, held.version, this.ports.recordTtlS);
      return { done, value: undefined };
    });
  }

  private drop(key: string): Promise<undefined> {
    return this.attempts(key, async (held) => ({
      done: held === undefined || (await this.ports.store.remove(key, held.version)),
      value: undefined,
    }));
  }

  private write(key: string, row: CachedRow, held: Versioned<CachedRow> | undefined, of: CachedSet) {
    const { store, clock, recordTtlS } = this.ports;
    const leftMs = of.renewedAtMs + recordTtlS * 1000 - clock.nowMs();
    return store.cas(key, row, held?.version, Math.max(1, Math.ceil(leftMs / 1000)));
  }

  private async attempts<T>(
    key: string,
    attempt: (held: Versioned<CachedRow> | undefined) => Promise<Readonly<{ done: boolean; value: T }>>,
  ): Promise<T> {
    for (let tries = 0; tries < CAS_ATTEMPTS_MAX; tries++) {
      const { done, value } = await attempt(await this.ports.store.get(key));
      if (done) return value;
    }
    throw new StoreUnavailable(`${key} is contended`);
  }
}
