// What the processes of a cluster have in common and an operator may change: values with their history, and who is there.
// Adapters: embedded (a file of one process), etcd. Contract: contract/shared-config.contract.ts.

/** Values are short: names of servers, limits. Larger things have stores of their own. */
export const VALUE_BYTES_MAX = 65_536;
/** Changes that are remembered of each key; the oldest go. */
export const HISTORY_MAX = 100;

/** One change of a key: the n-th, from 1, over removals too. `value` undefined: it was removed. */
export type ConfigChange = Readonly<{
  key: string;
  value: string | undefined;
  revision: number;
  /** Who made it, as they said. */
  by: string;
  atMs: number;
}>;
export type ConfigEntry = ConfigChange & Readonly<{ value: string }>;

export type Member = Readonly<{ name: string; data: string }>;

/** Nothing was changed: the key is not at the revision that was named. */
export class ConfigConflict extends Error {}
/** No answer: what is known goes on to hold. */
export class ConfigUnavailable extends Error {}

export interface Membership {
  /** What others see of it from now on. Rejects with ConfigUnavailable; then it is told when it joins anew. */
  tell(data: string): Promise<void>;
  /** Others see it at once; without, when its lease is over. */
  leave(): Promise<void>;
}

export interface SharedConfig {
  get(key: string): Promise<ConfigEntry | undefined>;
  /** All that is set, in the order of keys. */
  list(): Promise<readonly ConfigEntry[]>;
  /**
   * Changes a key, `value` undefined removes it; resolves with the change. With `expected` only when the key is at that
   * revision (0: never set), else ConfigConflict. RangeError for what is no key or no value.
   */
  set(
    key: string,
    value: string | undefined,
    options: Readonly<{ by: string; expected?: number }>,
  ): Promise<ConfigChange>;
  /** The newest first, at most HISTORY_MAX. */
  history(key: string): Promise<readonly ConfigChange[]>;
  /** Told of every change from now on, those of one key in order; after an interruption of the newest of each key. */
  watch(onChange: (change: ConfigChange) => void): Promise<() => Promise<void>>;
  /** Shows this process among the members as long as it lives. A name that is taken is taken over. */
  join(member: Member): Promise<Membership>;
  /** In the order of names. */
  members(): Promise<readonly Member[]>;
  close(): Promise<void>;
}

export const keyFault = (key: string): RangeError | undefined =>
  /^[A-Za-z][\w.-]{0,99}$/.test(key)
    ? undefined
    : new RangeError(`${JSON.stringify(key)} is no key: up to 100 letters, digits and . _ -, a letter first`);

export const changeFault = (key: string, value: string | undefined): RangeError | undefined => {
  const fault = keyFault(key);
  if (fault || value === undefined || Buffer.byteLength(value) <= VALUE_BYTES_MAX) return fault;
  return new RangeError(`${key}: a value of more than ${VALUE_BYTES_MAX} bytes`);
};
