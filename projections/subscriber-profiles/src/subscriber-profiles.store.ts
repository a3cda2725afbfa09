// The rows of subscriber-profiles in their table, with a cache of what registrations and calls ask for.
// Written by the provisioning handlers before they answer, and by the projector, which repairs what a crash left out.
// One writer a process: batches go in the order they came, and while one is written the next gathers what arrives.
import type { Position } from '#libs/decider';
import { type CredentialVersion, profileHolding, publicIdsOf, type Subscriber } from '#libs/domain';
import type { TableStore } from '#libs/stores';
import { BoundedMap } from './bounded-map.js';
import { Changes, type Watch } from './changes.js';
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

/**
 * What a registration or a call asks of a set. Kept for every user in use, so there is nothing in it that can be read
 * again: 100,000 of these are most of what Homestead holds.
 */
export type ServedSet = Readonly<{ irs: string; xml: string; privateIds: readonly string[] }>;

/** A set as provisioning looks at it. */
export type IrsProfile = Readonly<{
  irs: string;
  /** Changes whenever anything in the set does. */
  version: string;
  state: Subscriber;
  xml: string;
  publicIds: ReadonlySet<string>;
  privateIds: ReadonlySet<string>;
  /** Every identity of the set is answered with the same object, until the set changes. */
  served: ServedSet;
}>;

export type SubscriberProfilesPorts = Readonly<{
  table: TableStore<SubscriberProfilesRow>;
  readStream: ReadStream;
  /** Other processes write the table too: what an event is about is read again, though the row shows the event already. */
  isShared?: boolean;
  /** Identities that are answered without a promise; beyond it the oldest is read again when asked for. */
  cacheMax?: number;
}>;

export const SUBSCRIBER_CACHE_MAX = 1_000_000;
/** Whole sets: the ones that are being provisioned, or that several identities begin to use. Beyond it the oldest goes. */
const SETS_CACHED_MAX = 1_000;
export const SCAN_PAGE_MAX = 1_000;
/** Sets that one private identity is listed with; provisioning refuses a further link. */
export const LINKS_MAX = 1_000;

export type IdentityEntry = Readonly<{ impu: string; irs: string; revision: number; atMs: number }>;
export type CredentialEntry = Readonly<{ impi: string; version: string }>;
export type LinkEntry = Readonly<{ impi: string; irs: string }>;
export type SetEntry = Readonly<{ irs: string; state: Subscriber; atMs: number }>;

/** Told of a private identity; undefined: of all. */
export type CredentialListener = (impi: string | undefined) => void;

type Batch = { events: FoldableEvent[]; checkpoint: Position | undefined; done: Promise<void> };

const servedOf = (irs: string, state: Subscriber): ServedSet => ({
  irs,
  xml: imsSubscriptionXml(state),
  // slice: an array as long as what is in it, where the state's own may have room for more.
  privateIds: state.privateIds.slice(),
});

const profileOf = (irs: string, { revision, state }: IrsRow): IrsProfile => {
  let served: ServedSet | undefined;
  return {
    irs,
    version: `${irs}/${revision}`,
    state,
    get xml() {
      return this.served.xml;
    },
    publicIds: new Set(publicIdsOf(state)),
    privateIds: new Set(state.privateIds),
    get served() {
      return (served ??= servedOf(irs, state));
    },
  };
};

/** The only identity of a set, as most have; undefined when there are none or more. */
const soleIdentity = ({ serviceProfiles }: Subscriber): string | undefined => {
  const [profile, anotherProfile] = serviceProfiles;
  const [identity, another] = profile?.publicIdentities ?? [];
  return anotherProfile === undefined && another === undefined ? identity?.impu : undefined;
};

export class SubscriberProfiles {
  /** One lookup for what every request asks. */
  private readonly servedByIdentity: BoundedMap<ServedSet>;
  private readonly wholeSets: BoundedMap<IrsProfile>;
  private readonly changes = new Changes();
  private readonly credentialListeners: CredentialListener[] = [];
  private writing: Promise<void> = Promise.resolve();
  private waiting: Batch | undefined;

  constructor(private readonly ports: SubscriberProfilesPorts) {
    const cacheMax = ports.cacheMax ?? SUBSCRIBER_CACHE_MAX;
    this.servedByIdentity = new BoundedMap(cacheMax);
    this.wholeSets = new BoundedMap(Math.min(cacheMax, SETS_CACHED_MAX));
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
    this.changes.allChanged();
    this.servedByIdentity.clear();
    this.wholeSets.clear();
    this.tellCredential(undefined);
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
    if (this.ports.isShared) for (const [key, row] of workspace.unchanged()) this.forget(key, row, row);
    if (workspace.changes.length === 0 && !checkpoint) return;
    try {
      await this.ports.table.apply(workspace.changes, checkpoint);
    } finally {
      // Also when it failed: it may have happened, and then nobody would ever tell us of the change again.
      for (const [key, before, row] of workspace.changed()) this.forget(key, before, row);
    }
  }

  /** What is cached of a row that has changed goes: it is read again by who asks next. */
  private forget(key: string, before: FoldedRow | undefined, row: FoldedRow): void {
    this.changes.changed(key);
    const id = key.slice(key.indexOf('/') + 1);
    if (row.kind === 'irs') {
      this.wholeSets.delete(id);
      if (before?.kind === 'irs')
        for (const impu of publicIdsOf(before.state)) this.servedByIdentity.delete(impu);
    } else if (row.kind === 'identity') this.servedByIdentity.delete(id);
    else this.tellCredential(id);
  }

  private tellCredential(impi: string | undefined): void {
    for (const changed of this.credentialListeners) changed(impi);
  }

  // ---- Reading: what is asked at every registration and call ----

  /** In memory already: no promise. undefined: ask `served`. */
  peekIdentity(impu: string): ServedSet | undefined {
    return this.servedByIdentity.get(impu);
  }

  /** As `identity`, and the next time it is in memory. */
  async served(impu: string): Promise<ServedSet | undefined> {
    const identityWatch = this.changes.watch(rowKey.identity(impu));
    let setWatch: Watch | undefined;
    try {
      const irs = await this.reservation(impu);
      if (irs === undefined) return undefined;
      setWatch = this.changes.watch(rowKey.irs(irs));
      const row = await this.ports.table.get(rowKey.irs(irs));
      if (row?.kind !== 'irs') return undefined;
      // The set's own text of its identity: what a caller asks with may be a slice of a message.
      const sole = soleIdentity(row.state);
      const own = sole === impu ? sole : publicIdsOf(row.state).find((one) => one === impu);
      if (own === undefined) return undefined;
      // What several identities share is found by way of the whole set; made for one, it needs nothing beside itself.
      const whole = sole === undefined ? await this.profile(irs) : undefined;
      if (sole === undefined && !whole?.publicIds.has(impu)) return undefined;
      const served = whole?.served ?? servedOf(irs, row.state);
      if (!identityWatch.isStale && !setWatch.isStale) this.servedByIdentity.set(own, served);
      return served;
    } finally {
      this.changes.end(identityWatch);
      if (setWatch) this.changes.end(setWatch);
    }
  }

  /** Calls `changed` for each private identity whose credential is another one, or gone; undefined: for all of them. */
  onCredentialChanged(changed: CredentialListener): void {
    this.credentialListeners.push(changed);
  }

  /** For who keeps what it makes of a credential: not when it has become stale meanwhile. To be ended. */
  watchCredential(impi: string): Watch {
    return this.changes.watch(rowKey.credential(impi));
  }

  endWatch(watch: Watch): void {
    this.changes.end(watch);
  }

  /** The set that holds a public identity; a reservation without its assignment does not count. */
  async identity(impu: string): Promise<IrsProfile | undefined> {
    const irs = await this.reservation(impu);
    const found = irs === undefined ? undefined : await this.profile(irs);
    return found?.publicIds.has(impu) ? found : undefined;
  }

  async profile(irs: string): Promise<IrsProfile | undefined> {
    const cached = this.wholeSets.get(irs);
    if (cached) return cached;
    const key = rowKey.irs(irs);
    const watch = this.changes.watch(key);
    try {
      const row = await this.ports.table.get(key);
      if (row?.kind !== 'irs' || !row.state.exists) return undefined;
      const made = profileOf(irs, row);
      if (watch.isStale) return made;
      // One object for all who asked at once.
      const held = this.wholeSets.get(irs) ?? made;
      this.wholeSets.set(irs, held);
      return held;
    } finally {
      this.changes.end(watch);
    }
  }

  async credential(impi: string): Promise<CredentialVersion | undefined> {
    const row = await this.ports.table.get(rowKey.credential(impi));
    return row?.kind === 'credential' ? row.state : undefined;
  }

  /** The set that has reserved a public identity, assigned to it or not yet. */
  async reservation(impu: string): Promise<string | undefined> {
    const row = await this.ports.table.get(rowKey.identity(impu));
    return row?.kind === 'identity' ? row.state?.irs : undefined;
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
