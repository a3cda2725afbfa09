// SharedConfig in etcd: each change in one transaction with its history, watches that find out what they missed, members by lease.
// Port: shared-config.port.ts.
import type { Etcd3, IOptions, Lease, Watcher } from 'etcd3';
import { readFileSync } from 'node:fs';
import type { Clock } from '#libs/runtime';
import {
  changeFault,
  type ConfigChange,
  ConfigConflict,
  type ConfigEntry,
  ConfigUnavailable,
  HISTORY_MAX,
  type Member,
  type Membership,
  type SharedConfig,
} from '../../shared-config.port.js';

/** How long etcd may take for an answer. */
export const ETCD_TIMEOUT_MS = 2_000;
/** A member that died is gone after this. */
export const LEASE_TTL_S = 10;
/** A lost lease is asked for again after this. */
const REJOIN_MS = 1_000;
/** Others that change the same key at the same moment. */
const SET_ATTEMPTS_MAX = 20;

export type EtcdOptions = Readonly<{
  /** http(s)://host:port each. */
  endpoints: readonly string[];
  /** Before every key: tells clusters on one etcd apart. */
  prefix: string;
  clock: Clock;
  username?: string;
  password?: string;
  tls?: Readonly<{ caFile: string; certFile?: string; keyFile?: string }>;
  timeoutMs?: number;
}>;

type Stored = Readonly<{ value: string | null; revision: number; by: string; atMs: number }>;
type Held = Readonly<{ change: ConfigChange; modRevision: string }>;

/** Loaded when it is used: it takes more than a second. Connects at the first call. */
export const openEtcd = async (options: EtcdOptions): Promise<SharedConfig> => {
  const { default: etcd3 } = await import('etcd3');
  return new EtcdSharedConfig(new etcd3.Etcd3(clientOptions(options)), options);
};

const clientOptions = (options: EtcdOptions): IOptions => {
  const { endpoints, username, password = '', tls, clock, timeoutMs = ETCD_TIMEOUT_MS } = options;
  return {
    hosts: [...endpoints],
    ...(username === undefined ? {} : { auth: { username, password } }),
    ...(tls === undefined
      ? {}
      : {
          credentials: {
            rootCertificate: readFileSync(tls.caFile),
            ...(tls.certFile === undefined ? {} : { certChain: readFileSync(tls.certFile) }),
            ...(tls.keyFile === undefined ? {} : { privateKey: readFileSync(tls.keyFile) }),
          },
        }),
    defaultCallOptions: ({ isStream }) => (isStream ? {} : { deadline: clock.nowMs() + timeoutMs }),
  };
};

class EtcdSharedConfig implements SharedConfig {
  readonly #values: string;
  readonly #histories: string;
  readonly #memberships: string;
  readonly #left = new Set<() => Promise<void>>();
  readonly #watchers = new Set<Watcher>();

  constructor(
    private readonly client: Etcd3,
    private readonly options: EtcdOptions,
  ) {
    this.#values = `${options.prefix}/config/`;
    this.#histories = `${options.prefix}/history/`;
    this.#memberships = `${options.prefix}/members/`;
  }

  async get(key: string): Promise<ConfigEntry | undefined> {
    return entryIn((await this.#held(key))?.change);
  }

  list(): Promise<readonly ConfigEntry[]> {
    return answered(async () => {
      const changes = await this.#all();
      return changes.map(entryIn).filter((entry) => entry !== undefined);
    });
  }

  async set(
    key: string,
    value: string | undefined,
    { by, expected }: Readonly<{ by: string; expected?: number }>,
  ): Promise<ConfigChange> {
    const fault = changeFault(key, value);
    if (fault) throw fault;
    for (let attempt = 0; attempt < SET_ATTEMPTS_MAX; attempt += 1) {
      const held = await this.#held(key);
      const at = held?.change.revision ?? 0;
      if (expected !== undefined && expected !== at)
        throw new ConfigConflict(`${key} is at revision ${at}, not ${expected}`);
      const change = { key, value, revision: at + 1, by, atMs: this.options.clock.nowMs() };
      if (await this.#put(change, held)) return change;
    }
    throw new ConfigUnavailable(`${key} was changed by others ${SET_ATTEMPTS_MAX} times meanwhile`);
  }

  history(key: string): Promise<readonly ConfigChange[]> {
    return answered(async () => {
      const prefix = `${this.#histories}${key}/`;
      const found = await this.client
        .getAll()
        .prefix(prefix)
        .sort('Key', 'Descend')
        .limit(HISTORY_MAX)
        .exec();
      return found.kvs.flatMap(({ value }) => changeIn(key, value) ?? []);
    });
  }

  async watch(onChange: (change: ConfigChange) => void): Promise<() => Promise<void>> {
    const seen = new Map<string, number>();
    const tell = (change: ConfigChange, isKnown: boolean): void => {
      if (change.revision <= (seen.get(change.key) ?? 0)) return;
      seen.set(change.key, change.revision);
      if (!isKnown) onChange(change);
    };
    const catchUp = async (isKnown: boolean): Promise<void> => {
      for (const change of await this.#all()) tell(change, isKnown);
    };
    await answered(() => catchUp(true));
    const watcher = await answered(() => this.client.watch().prefix(this.#values).create());
    this.#watchers.add(watcher);
    watcher.on('put', ({ key, value }) => {
      const change = changeIn(this.#keyIn(key), value);
      if (change) tell(change, false);
    });
    // What etcd kept no longer while it could not be reached is looked up: the newest of each key.
    watcher.on('connected', () => void catchUp(false).catch(() => undefined));
    watcher.on('error', () => undefined);
    // Between the list and the watch.
    await answered(() => catchUp(false));
    return () => answered(() => this.#unwatch(watcher));
  }

  async join(member: Member): Promise<Membership> {
    const { clock } = this.options;
    let hasLeft = false;
    let { data } = member;
    let lease: Lease | undefined;
    let cancel = (): void => undefined;
    const enter = async (): Promise<void> => {
      const mine = this.client.lease(LEASE_TTL_S);
      lease = mine;
      mine.on('lost', () => again());
      await show(mine);
    };
    const show = async (mine: Lease): Promise<void> => {
      await mine
        .put(this.#memberships + member.name)
        .value(data)
        .exec();
    };
    const again = (): void => {
      if (hasLeft) return;
      cancel();
      cancel = clock.after(REJOIN_MS, () => void enter().catch(again));
    };
    await answered(enter);
    const leave = async (): Promise<void> => {
      hasLeft = true;
      cancel();
      this.#left.delete(leave);
      await lease?.revoke().catch(() => undefined);
    };
    this.#left.add(leave);
    const tell = async (next: string): Promise<void> => {
      data = next;
      const current = lease;
      if (!hasLeft && current !== undefined) await answered(() => show(current));
    };
    return { leave, tell };
  }

  members(): Promise<readonly Member[]> {
    return answered(async () => {
      const found = await this.client.getAll().prefix(this.#memberships).sort('Key', 'Ascend').exec();
      return found.kvs.map(({ key, value }) => ({
        name: key.toString().slice(this.#memberships.length),
        data: value.toString(),
      }));
    });
  }

  async close(): Promise<void> {
    await Promise.all([...this.#left].map((leave) => leave()));
    // A client that is closed under a watcher tries for ever to watch again, and its process does not end.
    await Promise.allSettled([...this.#watchers].map((watcher) => this.#unwatch(watcher)));
    this.client.close();
  }

  /** An etcd that does not answer is not waited for: the watcher ends with its connection. */
  async #unwatch(watcher: Watcher): Promise<void> {
    const { clock, timeoutMs = ETCD_TIMEOUT_MS } = this.options;
    this.#watchers.delete(watcher);
    const late = Promise.withResolvers<void>();
    const stop = clock.after(timeoutMs, late.resolve);
    try {
      await Promise.race([watcher.cancel(), late.promise]);
    } finally {
      stop();
    }
  }

  /** In the order of keys, what was removed included. */
  async #all(): Promise<readonly ConfigChange[]> {
    const found = await this.client.getAll().prefix(this.#values).sort('Key', 'Ascend').exec();
    return found.kvs.flatMap(({ key, value }) => changeIn(this.#keyIn(key), value) ?? []);
  }

  #held(key: string): Promise<Held | undefined> {
    return answered(async () => {
      const [found] = (await this.client.get(this.#values + key).exec()).kvs;
      const change = found && changeIn(key, found.value);
      if (found && !change)
        throw new ConfigUnavailable(`${key} holds in etcd what was not written by this program`);
      return found && change && { change, modRevision: found.mod_revision };
    });
  }

  /** The value and its history together, where nobody else has changed it since it was read. */
  #put(change: ConfigChange, held: Held | undefined): Promise<boolean> {
    const { key, value, revision, by, atMs } = change;
    const name = this.#values + key;
    const stored: Stored = { value: value ?? null, revision, by, atMs };
    const text = JSON.stringify(stored);
    return answered(async () => {
      const isUnchanged =
        held === undefined
          ? this.client.if(name, 'Create', '==', 0)
          : this.client.if(name, 'Mod', '==', held.modRevision);
      const { succeeded } = await isUnchanged
        .then(
          this.client.put(name).value(text),
          this.client.put(this.#historyKey(key, revision)).value(text),
          this.client.delete().key(this.#historyKey(key, revision - HISTORY_MAX)),
        )
        .commit();
      return succeeded;
    });
  }

  #historyKey(key: string, revision: number): string {
    return `${this.#histories}${key}/${String(Math.max(0, revision)).padStart(12, '0')}`;
  }

  #keyIn(name: Buffer): string {
    return name.toString().slice(this.#values.length);
  }
}

/** undefined: somebody else wrote it, by hand perhaps. */
const changeIn = (key: string, text: Buffer): ConfigChange | undefined => {
  let stored: Partial<Stored> | null;
  try {
    stored = JSON.parse(text.toString()) as Partial<Stored> | null;
  } catch {
    return undefined;
  }
  const { value, revision, by = '', atMs = 0 } = stored ?? {};
  if (typeof revision !== 'number' || (typeof value !== 'string' && value !== null)) return undefined;
  return { key, value: value ?? undefined, revision, by, atMs };
};

const entryIn = (change: ConfigChange | undefined): ConfigEntry | undefined =>
  change?.value === undefined ? undefined : { ...change, value: change.value };

const answered = async <T>(run: () => Promise<T>): Promise<T> => {
  try {
    return await run();
  } catch (error) {
    if (error instanceof ConfigConflict || error instanceof ConfigUnavailable) throw error;
    const reason = error instanceof Error ? error.message : String(error);
    throw new ConfigUnavailable(`etcd: ${reason}`, { cause: error });
  }
};
