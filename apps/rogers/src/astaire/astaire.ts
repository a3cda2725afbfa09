// Astaire: brings servers to what the configuration says, while they serve. Looks now and then at each vbucket: a server that should hold it and
// does not is filled from one that does and takes part then; one that should not is let go after. Total loss begins anew, empty: views are
// rebuilt from the log by whoever finds their sentinels missing (docs/adr/0018-replicas-behind-rogers.md). Every Rogers runs one; a lock on the server that is filled
// lets one at a time. Started by rogers.ts.
import type { Clock } from '#libs/runtime';
import type { CacheServer } from '../cache-server.port.js';
import { SENTINEL_KEYS, targetsOf, VBUCKETS } from '../placement.js';
import type { Topology } from '../topology.js';
import { parseView, type View, without } from '../view.js';
import type { ViewKeeper } from '../view-keeper.js';
import type { ViewTable } from '../view-table.js';
import { cleanServer, type FillPorts, fillServer, purgeServer, withLock } from './fill.js';

const LOOK_MS = 250;
/** A server that says nothing for so long is taken to have lost its memory, where nobody else has what it had. */
const FORGET_MS = 30_000;
/** Sentinels of each server that are looked at in one round. */
const PROBES = 8;

export type AstairePorts = FillPorts &
  Readonly<{
    clock: Clock;
    table: ViewTable;
    keeper: ViewKeeper;
    topology: () => Topology;
    serverOf: (name: string) => CacheServer;
    /** What went wrong; it is tried again. */
    onFailure: (error: unknown) => void;
  }>;

type Plan = Readonly<{
  begins: Map<string, number[]>;
  fills: Map<string, number[]>;
  leaves: Map<string, number[]>;
}>;

const put = (map: Map<string, number[]>, name: string, vbucket: number): void => {
  const vbuckets = map.get(name);
  if (vbuckets === undefined) map.set(name, [vbucket]);
  else vbuckets.push(vbucket);
};

export class Astaire {
  /** Vbuckets that are not yet where they should be. */
  behind = VBUCKETS;
  #isStopped = false;
  #probed = 0;
  /** Vbuckets that servers have left, and still have keys of. */
  readonly #unpurged = new Map<string, Set<number>>();
  #cancel = (): void => undefined;
  #looking: Promise<void> = Promise.resolve();

  constructor(private readonly ports: AstairePorts) {}

  start(): void {
    this.#looking = this.look()
      .catch(this.ports.onFailure)
      .then(() => {
        if (!this.#isStopped) this.#cancel = this.ports.clock.after(LOOK_MS, () => this.start());
      });
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    this.#cancel();
    await this.#looking;
  }

  /** One round: all that can be done now. */
  async look(): Promise<void> {
    const plan = await this.#plan();
    const { fills, begins, leaves } = plan;
    const work = [
      ...[...this.#unpurged].map(([name, vbuckets]) => this.#purge(name, vbuckets)),
      ...[...begins].map(([name, vbuckets]) => this.#begin(this.ports.serverOf(name), vbuckets)),
      ...[...fills].map(([name, vbuckets]) =>
        fillServer(this.ports, this.ports.serverOf(name), vbuckets, () => this.#isStopped),
      ),
      ...[...leaves].map(([name, vbuckets]) => this.#leave(this.ports.serverOf(name), vbuckets)),
    ];
    const outcomes = await Promise.allSettled(work);
    for (const outcome of outcomes) if (outcome.status === 'rejected') this.ports.onFailure(outcome.reason);
  }

  /** Some sentinels of each server, in turn: a connection that is none any more, or a memory that was emptied, shows without requests too. */
  async #probe(server: CacheServer): Promise<void> {
    const { table, keeper } = this.ports;
    if (!server.isUp) return;
    const vbuckets = Array.from({ length: PROBES }, (_, n) => (this.#probed + n) % VBUCKETS);
    const held = await Promise.all(vbuckets.map((vbucket) => server.fetch(SENTINEL_KEYS[vbucket]!)));
    for (const [n, vbucket] of vbuckets.entries()) {
      const view = table.of(vbucket)?.view;
      const text = held[n]?.text ?? '';
      if (view?.members.includes(server.name) && text !== view.text) keeper.doubt(vbucket, server, text);
    }
  }

  async #plan(): Promise<Plan> {
    const { table, keeper, topology, serverOf } = this.ports;
    const { servers, replicas, revision } = topology();
    // Who does not answer is seen to by its connection.
    await Promise.all(servers.map((name) => this.#probe(serverOf(name)).catch(() => undefined)));
    this.#probed += PROBES;
    const plan: Plan = { begins: new Map(), fills: new Map(), leaves: new Map() };
    const open: number[] = [];
    for (let vbucket = 0; vbucket < VBUCKETS; vbucket += 1) {
      const view = table.of(vbucket)?.view;
      if (view !== undefined && this.#isDone(vbucket, view)) this.#dropDown(vbucket, view);
      else open.push(vbucket);
    }
    this.behind = open.length;
    // All are asked at once: one after another they would take a round trip for each server of each vbucket.
    const isLost = await Promise.all(open.map((vbucket) => this.#isLost(vbucket).catch(() => false)));
    for (const [n, vbucket] of open.entries()) {
      const targets = targetsOf(servers, replicas, vbucket);
      if (isLost[n]) {
        const first = targets.find((name) => serverOf(name).isUp);
        if (first !== undefined) put(plan.begins, first, vbucket);
        continue;
      }
      const view = table.of(vbucket)?.view;
      // Who follows an older configuration moves nothing; only what has too few replicas gets more.
      if (view === undefined || (view.revision > revision && view.members.length >= replicas)) continue;
      this.#dropDown(vbucket, view);
      for (const name of targets)
        if (!view.members.includes(name) && serverOf(name).isUp) put(plan.fills, name, vbucket);
      if (!targets.every((name) => view.members.includes(name))) continue;
      const leaver = view.members.find((name) => !targets.includes(name));
      if (leaver !== undefined) put(plan.leaves, leaver, vbucket);
      for (const name of view.joining)
        if (!targets.includes(name)) void keeper.exclude(vbucket, name);
    }
    return plan;
  } // prettier-ignore

  /** It is on the servers where it should be, on all of them and on no others. */
  #isDone(vbucket: number, { members, joining }: View): boolean {
    const { keeper, topology } = this.ports;
    const { servers, replicas } = topology();
    const targets = targetsOf(servers, replicas, vbucket);
    const isThere = members.length === targets.length && targets.every((name) => members.includes(name));
    return isThere && joining.length === 0 && !keeper.lost.has(vbucket);
  }

  #dropDown(vbucket: number, { members }: View): void {
    const { keeper, serverOf } = this.ports;
    for (const name of members) if (serverOf(name).isDown) void keeper.exclude(vbucket, name);
  }

  /** Nobody has it any more: each server that could have is up without a sentinel of its own, or dead, or silent for long. */
  async #isLost(vbucket: number): Promise<boolean> {
    const { table, keeper, topology, serverOf, clock } = this.ports;
    const view = table.of(vbucket)?.view;
    if (view !== undefined && !keeper.lost.has(vbucket) && view.members.some((name) => !serverOf(name).isDown)) return false;
    for (const name of view?.members ?? topology().servers) {
      const server = serverOf(name);
      if (server.isUp) {
        const held = await server.fetch(SENTINEL_KEYS[vbucket]!);
        if (held !== undefined && (view === undefined || (parseView(held.text)?.epoch ?? 0) >= view.epoch)) {
          keeper.lost.delete(vbucket);
          keeper.doubt(vbucket, server, held.text);
          return false;
        }
      } else if (!server.isDead && !(server.isDown && clock.monotonicMs() - server.downSinceMs >= FORGET_MS)) return false;
    }
    return true;
  } // prettier-ignore

  #begin(server: CacheServer, vbuckets: readonly number[]): Promise<void> {
    const { keeper, topology } = this.ports;
    return withLock(this.ports, server, async () => {
      // Another Rogers may have begun it meanwhile.
      const isLost = await Promise.all(vbuckets.map((vbucket) => this.#isLost(vbucket)));
      const lost = vbuckets.filter((_, n) => isLost[n]);
      await cleanServer(this.ports, server, lost);
      await Promise.all(
        lost.map(async (vbucket) => {
          if (await keeper.begin(vbucket, server, topology().revision)) keeper.lost.delete(vbucket);
        }),
      );
    });
  }

  /** After all that should have it do. */
  async #leave(server: CacheServer, vbuckets: readonly number[]): Promise<void> {
    const { keeper, topology } = this.ports;
    const { revision } = topology();
    await Promise.all(
      vbuckets.map((vbucket) =>
        keeper.change(vbucket, ({ members, joining, revision: held }) =>
          members.length > 1 && members.includes(server.name)
            ? { members: without(members, server.name), joining, revision: Math.max(held, revision) }
            : undefined,
        ),
      ),
    );
    const left = this.#unpurged.get(server.name) ?? new Set<number>();
    for (const vbucket of vbuckets) left.add(vbucket);
    this.#unpurged.set(server.name, left);
    await this.#purge(server.name, left);
  }

  /** What it goes on holding for others shall have the room; one that is to be taken away needs none. Where somebody else is at it, next time. */
  async #purge(name: string, vbuckets: Set<number>): Promise<void> {
    const { table, topology, serverOf } = this.ports;
    if (!topology().servers.includes(name)) return void this.#unpurged.delete(name);
    const server = serverOf(name);
    for (const vbucket of vbuckets) {
      const { members = [], joining = [] } = table.of(vbucket)?.view ?? {};
      if (members.includes(name) || joining.includes(name)) vbuckets.delete(vbucket);
    }
    if (vbuckets.size === 0 || !server.isUp) return void this.#unpurged.delete(name);
    await withLock(this.ports, server, async () => {
      await purgeServer(this.ports, server, vbuckets);
      this.#unpurged.delete(name);
    });
  }
}
