// Changes views: takes out who does not answer or has lost its memory, lets who was filled take part. A change is written over the sentinel
// of the first server that stays, by compare-and-set, and holds from then on; the others are told after. Who finds another sentinel than
// it knows asks here (docs/adr/0018-replicas-behind-rogers.md). Used by the operations, by the servers' connections and by Astaire.
import { type CacheServer, type ServerWatcher, ServerUnavailable } from './cache-server.port.js';
import { SENTINEL_KEYS, VBUCKETS } from './placement.js';
import type { Versions } from './stored-value.js';
import { parseView, type View, viewOf, type ViewShape, without } from './view.js';
import type { ViewTable } from './view-table.js';

/** Tries of one change while others change the same view. */
const CHANGE_TRIES_MAX = 10;
const NEVER = 0;

export type KeeperPorts = Readonly<{
  table: ViewTable;
  versions: Versions;
  serverOf: (name: string) => CacheServer;
  /** Told of what went on, for logs and metrics. */
  onChange: (vbucket: number, from: View | undefined, to: View) => void;
}>;

/** What a view shall become; undefined: it is to stay. */
type Build = (view: View) => (Pick<ViewShape, 'members' | 'joining'> & Partial<ViewShape>) | undefined;

export class ViewKeeper implements ServerWatcher {
  /** One change of a vbucket at a time. */
  readonly #changing = new Map<number, Promise<unknown>>();
  /** Vbuckets of which perhaps nobody has anything any more: the server that should say what holds has lost its memory. */
  readonly lost = new Set<number>();
  /** Looked into already: `vbucket server`. */
  readonly #doubted = new Set<string>();

  constructor(private readonly ports: KeeperPorts) {}

  onUp(server: CacheServer, sentinels: readonly string[]): void {
    for (let vbucket = 0; vbucket < VBUCKETS; vbucket += 1) {
      const text = sentinels[vbucket] ?? '';
      const view = parseView(text);
      if (view !== undefined) this.ports.table.adopt(vbucket, view);
      if (this.ports.table.of(vbucket)?.view.text !== text) this.doubt(vbucket, server, text);
    }
    for (let vbucket = 0; vbucket < VBUCKETS; vbucket += 1) this.ports.table.wake(vbucket);
  }

  onDown(server: CacheServer): void {
    for (const [vbucket] of this.ports.table.naming(server.name)) void this.exclude(vbucket, server.name);
  }

  /** A server has another sentinel than the view that is known. True: that one is newer, and is known now. */
  doubt(vbucket: number, server: CacheServer, text: string): boolean {
    const seen = parseView(text);
    const { table } = this.ports;
    if (seen !== undefined && table.adopt(vbucket, seen)) return true;
    const name = `${vbucket} ${server.name}`;
    if (this.#doubted.has(name)) return false;
    this.#doubted.add(name);
    void this.#lookInto(vbucket, server)
      .catch(() => undefined)
      .finally(() => {
        this.#doubted.delete(name);
        table.wake(vbucket);
      });
    return false;
  }

  /** The server's own sentinel is missing or old: it is told, taken out, or what it keeps for nobody is dropped. */
  async #lookInto(vbucket: number, server: CacheServer): Promise<void> {
    const { table } = this.ports;
    const key = SENTINEL_KEYS[vbucket]!;
    const held = await server.fetch(key);
    const known = table.of(vbucket)?.view;
    const seen = held && parseView(held.text);
    if (seen !== undefined) table.adopt(vbucket, seen);
    if (known === undefined || (seen !== undefined && seen.epoch >= known.epoch)) return;
    const isMember = known.members.includes(server.name);
    // A member without a sentinel has lost its memory. With an old one it has not been told yet: it took part all the time, since a
    // server that was out gets the new sentinel before it is in again.
    if (isMember && (held === undefined || seen === undefined)) return void (await this.exclude(vbucket, server.name));
    if (isMember && held !== undefined) return void (await server.put(key, known.text, NEVER, held.cas));
    // Not a part of it any more: nobody shall believe it should the others be away.
    if (held !== undefined && !known.joining.includes(server.name)) await server.remove(key, held.cas);
  } // prettier-ignore

  /** Asks the members for the view as it is now; rejects where one that is not down does not answer. */
  async refresh(vbucket: number): Promise<View | undefined> {
    const { table, serverOf } = this.ports;
    for (let asked = ''; asked !== table.of(vbucket)?.view.text;) {
      const view = table.of(vbucket)?.view;
      if (view === undefined) return undefined;
      asked = view.text;
      const up = view.members.map((name) => serverOf(name)).filter(({ isDown }) => !isDown);
      const held = await Promise.all(up.map((server) => server.fetch(SENTINEL_KEYS[vbucket]!)));
      for (const one of held) {
        const seen = one && parseView(one.text);
        if (seen !== undefined) table.adopt(vbucket, seen);
      }
    }
    return table.of(vbucket)?.view;
  }

  /** Takes a server out, for everybody; the last one stays, since nobody else could be asked. */
  exclude(vbucket: number, server: string): Promise<boolean> {
    return this.change(vbucket, ({ members, joining }) => {
      const isLast = members.length === 1 && members[0] === server;
      if (isLast && !this.ports.serverOf(server).isDown) this.lost.add(vbucket);
      if (isLast || (!members.includes(server) && !joining.includes(server))) return undefined;
      return { members: without(members, server), joining: without(joining, server) };
    });
  }

  /** False: it could not be made, or there was nothing to change. Never rejects. */
  change(vbucket: number, build: Build, before?: (next: View) => Promise<void>): Promise<boolean> {
    const earlier = this.#changing.get(vbucket) ?? Promise.resolve();
    const made = earlier.then(() => this.#make(vbucket, build, before)).catch(() => false);
    this.#changing.set(vbucket, made);
    return made.finally(() => {
      if (this.#changing.get(vbucket) === made) this.#changing.delete(vbucket);
    });
  }

  async #make(vbucket: number, build: Build, before?: (next: View) => Promise<void>): Promise<boolean> {
    const { table, versions, serverOf, onChange } = this.ports;
    const key = SENTINEL_KEYS[vbucket]!;
    for (let attempt = 0; attempt < CHANGE_TRIES_MAX; attempt += 1) {
      const known = table.of(vbucket)?.view;
      const wanted = known && build(known);
      if (known === undefined || wanted === undefined) return false;
      const next = viewOf({ revision: known.revision, ...wanted, epoch: versions.next(known.epoch) });
      const lead = serverOf(next.members[0]!);
      const held = await lead.fetch(key);
      const seen = held && parseView(held.text);
      if (seen !== undefined && seen.epoch > known.epoch) {
        table.adopt(vbucket, seen);
        continue;
      }
      // The one that was to lead has lost its memory: without it there may be nobody.
      if (held === undefined || seen === undefined) {
        this.lost.add(vbucket);
        return false;
      }
      await before?.(next);
      if (!(await lead.put(key, next.text, NEVER, held.cas))) continue;
      table.adopt(vbucket, next);
      onChange(vbucket, known, next);
      await this.#tell(vbucket, known, next);
      return true;
    }
    return false;
  }

  /** The other members, and who was one: it is asked by those who do not know yet. */
  async #tell(vbucket: number, from: View, next: View): Promise<void> {
    const key = SENTINEL_KEYS[vbucket]!;
    const others = new Set([...next.members.slice(1), ...from.members]);
    others.delete(next.members[0]!);
    await Promise.all(
      [...others].map(async (name) => {
        const server = this.ports.serverOf(name);
        if (server.isDown) return;
        try {
          const held = await server.fetch(key);
          const seen = held && parseView(held.text);
          if (held !== undefined && (seen === undefined || seen.epoch < next.epoch))
            await server.put(key, next.text, NEVER, held.cas);
        } catch (error) {
          // It is told, or taken out, when somebody reads there.
          if (!(error instanceof ServerUnavailable)) throw error;
        }
      }),
    );
  }

  /** A view where there is none, or over one whose servers have all lost their memory. */
  async begin(vbucket: number, server: CacheServer, revision: number): Promise<boolean> {
    const { table, versions, onChange } = this.ports;
    const key = SENTINEL_KEYS[vbucket]!;
    const known = table.of(vbucket)?.view;
    const held = await server.fetch(key);
    const seen = held && parseView(held.text);
    if (seen !== undefined && seen.epoch > (known?.epoch ?? 0)) {
      table.adopt(vbucket, seen);
      return false;
    }
    const epoch = versions.next(known?.epoch ?? 0);
    const view = viewOf({ epoch, revision, members: [server.name], joining: [] });
    if (!(await server.put(key, view.text, NEVER, held?.cas ?? ''))) return false;
    table.adopt(vbucket, view);
    onChange(vbucket, known, view);
    return true;
  }
}
