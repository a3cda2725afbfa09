// The rows of subscriber-profiles in their table, with a cache of what registrations and calls ask for.
// Written by the provisioning handlers before they answer, and by the projector, which repairs what a crash left out.
// One writer a process: batches go in the order they came, and while one is written the next gathers what arrives.
import type { Position } from '#libs/decider';
import { type CredentialVersion, profileHolding, publicIdsOf, type Subscriber } from '#libs/domain';
import type { TableStore } from '#libs/stores';
import { BoundedMap } from './bounded-map.js';
import { imsSubscriptionXml } from './ims-subscription.js';
import {
  type FoldableEvent,
  type FoldedRow,
  type IrsRow,
  keyOf,
  revisionOf,
  rowKey,
  type SubscriberProfilesRow,
} from './subscriber-profiles.js';
import { type ReadStream, Workspace } from './workspace.js';

/** What a set is served with. Made once a change; every identity of the set is answered with the same object. */
export type IrsProfile = Readonly<{
  irs: string;
  /** Changes whenever anything in the set does. */
  version: string;
  state: Subscriber;
  xml: string;
  publicIds: ReadonlySet<string>;
  privateIds: ReadonlySet<string>;
}>;

export type SubscriberProfilesPorts = Readonly<{
  table: TableStore<SubscriberProfilesRow>;
  readStream: ReadStream;
  /** Entries of each cache; beyond it the oldest goes and is read again when asked for. */
  cacheMax?: number;
}>;

export const SUBSCRIBER_CACHE_MAX = 1_000_000;
export const SCAN_PAGE_MAX = 1_000;
/** Sets that one private identity is listed with; provisioning refuses a further link. */
export const LINKS_MAX = 1_000;

export type IdentityEntry = Readonly<{ impu: string; irs: string; revision: number; atMs: number }>;
export type CredentialEntry = Readonly<{ impi: string; version: string }>;
export type LinkEntry = Readonly<{ impi: string; irs: string }>;
export type SetEntry = Readonly<{ irs: string; state: Subscriber; atMs: number }>;

type Batch = { events: FoldableEvent[]; checkpoint: Position | undefined; done: Promise<void> };

const profileOf = (irs: string, row: IrsRow): IrsProfile => ({
  irs,
  version: `${irs}/${row.revision}`,
  state: row.state,
  xml: imsSubscriptionXml(row.state),
  publicIds: new Set(publicIdsOf(row.state)),
  privateIds: new Set(row.state.privateIds),
});

export class SubscriberProfiles {
  private readonly irsOfIdentity: BoundedMap<string>;
  /** By set, and by identity of a set that is held there: one lookup for what every request asks. */
  private readonly profiles: BoundedMap<IrsProfile>;
  private readonly profileOfIdentity: BoundedMap<IrsProfile>;
  private readonly credentials: BoundedMap<CredentialVersion>;
  /** Reads under way, by row key. A change removes its key, so that what was read before it is not cached. */
  private readonly fills = new Map<string, symbol>();
  private credentialChanges = 0;
  private writing: Promise<void> = Promise.resolve();
  private waiting: Batch | undefined;

  constructor(private readonly ports: SubscriberProfilesPorts) {
    const cacheMax = ports.cacheMax ?? SUBSCRIBER_CACHE_MAX;
    this.irsOfIdentity = new BoundedMap(cacheMax);
    this.profiles = new BoundedMap(cacheMax, (_irs, profile) => this.forgetIdentities(profile));
    this.profileOfIdentity = new BoundedMap(cacheMax);
    this.credentials = new BoundedMap(cacheMax);
  }

  // ---- Writing ----

  /** Folds events into the view. Readers of this process see them when it resolves. Repeats change nothing. */
  apply(events: readonly FoldableEvent[], checkpoint?: Position): Promise<void> {
    if (this.waiting) {
      for (const event of events) this.waiting.events.push(event);
      this.waiting.checkpoint = checkpoint ?? this.waiting.checkpoint;
      return this.waiting.done;
    }
    const batch: Batch = { events: [...events], checkpoint, done: Promise.resolve() };
    batch.done = this.writing.then(() => {
      this.waiting = undefined;
      return this.write(batch);
    });
    this.waiting = batch;
    // A failed batch is its callers' failure; the next one reads the rows afresh.
    this.writing = batch.done.catch(() => undefined);
    return batch.done;
  }

  checkpoint(): Promise<Position | undefined> {
    return this.ports.table.checkpoint();
  }

  /** The first step of a rebuild. */
  async clear(): Promise<void> {
    await this.writing;
    await this.ports.table.clear();
    this.fills.clear();
    for (const cache of [this.irsOfIdentity, this.profiles, this.profileOfIdentity, this.credentials]) {
      cache.clear();
    }
    this.credentialChanges++;
  }

  private async write({ events, checkpoint }: Batch): Promise<void> {
    const workspace = new Workspace(this.ports.table, this.ports.readStream);
    const keys = new Set<string>();
    for (const { stream } of events) {
      const key = keyOf(stream);
      if (key !== undefined) keys.add(key);
    }
    if (keys.size > 0) await workspace.load([...keys]);
    for (const recorded of events) await workspace.take(recorded);
    if (workspace.changes.length === 0 && !checkpoint) return;
    await this.ports.table.apply(workspace.changes, checkpoint);
    for (const [key, row] of workspace.changed()) this.show(key, row);
  }

  private show(key: string, row: FoldedRow): void {
    this.fills.delete(key);
    const id = key.slice(key.indexOf('/') + 1);
    if (row.kind === 'irs') {
      const former = this.profiles.get(id);
      if (former) this.forgetIdentities(former);
      if (!row.state.exists) this.profiles.delete(id);
      else if (former) this.profiles.set(id, profileOf(id, row));
    } else if (row.kind === 'identity') {
      this.profileOfIdentity.delete(id);
      if (row.state) this.irsOfIdentity.set(id, row.state.irs);
      else this.irsOfIdentity.delete(id);
    } else {
      this.credentialChanges++;
      if (row.state) this.credentials.set(id, row.state);
      else this.credentials.delete(id);
    }
  }

  private forgetIdentities({ publicIds }: IrsProfile): void {
    for (const impu of publicIds) this.profileOfIdentity.delete(impu);
  }

  // ---- Reading: what is asked at every registration and call ----

  /** In memory already: no promise. undefined: ask `identity`. */
  peekIdentity(impu: string): IrsProfile | undefined {
    return this.profileOfIdentity.get(impu);
  }

  /** Another number whenever a credential has changed: what was made from one before must be looked at again. */
  get credentialEpoch(): number {
    return this.credentialChanges;
  }

  /** In memory already: no promise. undefined: ask `credential`. */
  peekCredential(impi: string): CredentialVersion | undefined {
    return this.credentials.get(impi);
  }

  /** The set that holds a public identity; a reservation without its assignment does not count. */
  async identity(impu: string): Promise<IrsProfile | undefined> {
    const irs = await this.reservation(impu);
    const found = irs === undefined ? undefined : await this.profile(irs);
    if (irs === undefined || !found?.publicIds.has(impu)) return undefined;
    // Only what both caches still say: either may have changed while the other was read.
    if (this.irsOfIdentity.get(impu) === irs && this.profiles.get(irs) === found) {
      this.profileOfIdentity.set(impu, found);
    }
    return found;
  }

  profile(irs: string): Promise<IrsProfile | undefined> {
    return this.read(rowKey.irs(irs), this.profiles, irs, (row) =>
      row.kind === 'irs' && row.state.exists ? profileOf(irs, row) : undefined,
    );
  }

  credential(impi: string): Promise<CredentialVersion | undefined> {
    return this.read(rowKey.credential(impi), this.credentials, impi, (row) =>
      row.kind === 'credential' ? row.state : undefined,
    );
  }

  /** The set that has reserved a public identity, assigned to it or not yet. */
  reservation(impu: string): Promise<string | undefined> {
    return this.read(rowKey.identity(impu), this.irsOfIdentity, impu, (row) =>
      row.kind === 'identity' ? row.state?.irs : undefined,
    );
  }

  private async read<T>(
    key: string,
    cache: BoundedMap<T>,
    id: string,
    toEntry: (row: FoldedRow) => T | undefined,
  ): Promise<T | undefined> {
    const cached = cache.get(id);
    if (cached !== undefined) return cached;
    const token = Symbol(key);
    this.fills.set(key, token);
    try {
      const row = (await this.ports.table.get(key)) as FoldedRow | undefined;
      const entry = row && toEntry(row);
      if (entry !== undefined && this.fills.get(key) === token) cache.set(id, entry);
      return entry;
    } finally {
      if (this.fills.get(key) === token) this.fills.delete(key);
    }
  }

  // ---- Reading: what provisioning asks ----

  /** The row that a stream is folded into, as a decision needs it: with its revision. */
  async head(stream: string): Promise<FoldedRow | undefined> {
    const key = keyOf(stream);
    if (key === undefined) throw new Error(`${stream} is not a stream of this view`);
    return (await this.ports.table.get(key)) as FoldedRow | undefined;
  }

  /** Brings a row up to the log: after a conflict, when another writer's events are not here yet. */
  async catchUp(stream: string): Promise<void> {
    const held = revisionOf(await this.head(stream));
    const missed: FoldableEvent[] = [];
    for await (const recorded of this.ports.readStream(stream, held + 1)) missed.push(recorded);
    await this.apply(missed);
  }

  /** The set that a service profile is in. */
  async irsOfServiceProfile(serviceProfile: string): Promise<string | undefined> {
    const row = await this.ports.table.get(rowKey.profile(serviceProfile));
    return row?.kind === 'profile' ? row.irs : undefined;
  }

  /** The sets that a private identity is linked to, in the order of their ids. */
  async irsOfPrivate(impi: string): Promise<string[]> {
    const page = await this.ports.table.scan({ prefix: rowKey.link(impi), limit: LINKS_MAX });
    return page.flatMap(([, row]) => (row.kind === 'link' ? [row.irs] : []));
  }

  /** Reserved public identities in order, those after `after` where given. */
  async *reservations(after?: string): AsyncGenerator<IdentityEntry> {
    for await (const page of this.pages(rowKey.identity(''), after)) yield* reservationsIn(page);
  }

  /** Reservations whose set does not hold the identity: a change under way, or one that was interrupted. */
  async *unassigned(): AsyncGenerator<IdentityEntry> {
    for await (const page of this.pages(rowKey.identity(''))) {
      const reserved = reservationsIn(page);
      const sets = await this.ports.table.getMany(unique(reserved.map(({ irs }) => rowKey.irs(irs))));
      for (const entry of reserved) {
        const row = sets.get(rowKey.irs(entry.irs));
        if (row?.kind !== 'irs' || !profileHolding(row.state, entry.impu)) yield entry;
      }
    }
  }

  /** Links of private identities that have no credential: a deletion under way, or one that was interrupted. */
  async *dangling(): AsyncGenerator<LinkEntry> {
    for await (const page of this.pages('link/')) {
      const links = page.flatMap(([, row]) => (row.kind === 'link' ? [row] : []));
      const keys = unique(links.map(({ impi }) => rowKey.credential(impi)));
      const credentials = await this.ports.table.getMany(keys);
      for (const link of links) {
        const row = credentials.get(rowKey.credential(link.impi));
        if (row?.kind !== 'credential' || !row.state) yield link;
      }
    }
  }

  /** Links of private identities to sets. */
  async *links(): AsyncGenerator<LinkEntry> {
    for await (const page of this.pages('link/')) {
      for (const [, row] of page) if (row.kind === 'link') yield row;
    }
  }

  async *sets(): AsyncGenerator<SetEntry> {
    const prefix = rowKey.irs('');
    for await (const page of this.pages(prefix)) {
      for (const [key, row] of page) {
        if (row.kind !== 'irs' || !row.state.exists) continue;
        yield { irs: key.slice(prefix.length), state: row.state, atMs: row.atMs };
      }
    }
  }

  async *credentialsInForce(): AsyncGenerator<CredentialEntry> {
    const prefix = rowKey.credential('');
    for await (const page of this.pages(prefix)) {
      for (const [key, row] of page) {
        if (row.kind !== 'credential' || !row.state) continue;
        yield { impi: key.slice(prefix.length), version: row.state.version };
      }
    }
  }

  private async *pages(prefix: string, afterId?: string): AsyncGenerator<Page> {
    let after = afterId === undefined ? undefined : prefix + afterId;
    for (;;) {
      const from = after === undefined ? {} : { after };
      const page = await this.ports.table.scan({ prefix, limit: SCAN_PAGE_MAX, ...from });
      yield page;
      const last = page[page.length - 1];
      if (!last || page.length < SCAN_PAGE_MAX) return;
      after = last[0];
    }
  }
}

type Page = readonly (readonly [string, SubscriberProfilesRow])[];

const unique = (keys: readonly string[]): string[] => [...new Set(keys)];

const reservationsIn = (page: Page): IdentityEntry[] =>
  page.flatMap(([key, row]) => {
    if (row.kind !== 'identity' || !row.state) return [];
    const impu = key.slice(rowKey.identity('').length);
    return [{ impu, irs: row.state.irs, revision: row.revision, atMs: row.atMs }];
  });

export const createSubscriberProfiles = (ports: SubscriberProfilesPorts): SubscriberProfiles =>
  new SubscriberProfiles(ports);
