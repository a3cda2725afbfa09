// The log and the store with points before and after each operation at which a simulation decides who goes on.
import type { EventLog } from '#libs/event-log';
import type { KeyValueStore } from '#libs/stores';
import type { Turns } from './turns.js';

/** An append waits before it is written, and once more before its maker learns that it is durable. */
export const turnedLog = (log: EventLog, turns: Turns): EventLog => ({
  async append(stream, events, options) {
    await turns.take(`append ${stream}`);
    const positions = await log.append(stream, events, options);
    await turns.take(`durable ${stream}`);
    return positions;
  },
  read: (stream, from) => log.read(stream, from),
  readAll: (topics, startAt) => log.readAll(topics, startAt),
  subscribe: (options) => log.subscribe(options),
  close: () => log.close(),
});

/** Reads and writes wait before they are carried out. */
export const turnedStore = <V>(store: KeyValueStore<V>, turns: Turns): KeyValueStore<V> => ({
  async get(key) {
    await turns.take(`get ${key}`);
    return store.get(key);
  },
  getMany: (keys) => store.getMany(keys),
  async cas(key, value, version, ttlS) {
    await turns.take(`cas ${key}`);
    return store.cas(key, value, version, ttlS);
  },
  async remove(key, version) {
    await turns.take(`remove ${key}`);
    return store.remove(key, version);
  },
  ...(store.entries === undefined ? {} : { entries: () => store.entries!() }),
});
