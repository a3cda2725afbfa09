// What may go wrong around the core, switched on and off by scenarios: the log's disk, the store, Homestead, too much input.
import type { MemoryDisk } from '#libs/event-log';
import type { Answer, Homestead } from '#libs/homestead-client';
import type { Clock } from '#libs/runtime';
import { type KeyValueStore, StoreUnavailable } from '#libs/stores';

export type LogFault = 'full' | 'stuck' | 'slow' | 'failing';
const SLOW_SYNC_MS = 700;

/** `slow`: its answers wait until it works again. */
export type HomesteadFault = 'unavailable' | 'timeout' | 'slow';

/** The fault that was asked for; any other StoreUnavailable is the core's own. */
export class StoreFault extends StoreUnavailable {}

export class Faults {
  #store = false;
  #storeWaits: (() => void)[] = [];
  #unstick: (() => void) | undefined;
  #homestead: HomesteadFault | undefined;
  #slowQuestions: (() => void)[] = [];

  /** How long input is said to wait before it is read; in this world it never does. */
  inputWaitMs = 0;

  /** How often it came to that. */
  failedWrites = 0;
  slowSyncs = 0;

  constructor(
    private readonly disk: MemoryDisk,
    private readonly clock: Clock,
  ) {}

  /** The store of registration rows and challenges does not answer. */
  get store(): boolean {
    return this.#store;
  }

  set store(fault: boolean) {
    this.#store = fault;
    if (!fault) for (const goOn of this.#storeWaits.splice(0)) goOn();
  }

  /** Resolves when the store answers. */
  untilStored(): Promise<void> {
    return this.#store ? new Promise((resolve) => this.#storeWaits.push(resolve)) : Promise.resolve();
  }

  get homestead(): HomesteadFault | undefined {
    return this.#homestead;
  }

  set homestead(fault: HomesteadFault | undefined) {
    this.#homestead = fault;
    if (fault !== 'slow') for (const ask of this.#slowQuestions.splice(0)) ask();
  }

  /** Resolves when Homestead is not slow any more. */
  untilQuick(): Promise<void> {
    return new Promise((resolve) => this.#slowQuestions.push(resolve));
  }

  /**
   * `full`: the disk takes nothing more; `stuck`: it takes for ever; `slow`: each sync takes SLOW_SYNC_MS; `failing`: the next
   * write fails, as a broken disk does. undefined: it works again.
   */
  log(fault: LogFault | undefined): void {
    const { disk } = this;
    disk.capacityBytes = fault === 'full' ? disk.usedBytes() : Infinity;
    this.#unstick?.();
    this.#unstick = undefined;
    disk.onOperation = () => undefined;
    if (fault === 'failing')
      disk.onOperation = (operation) => {
        if (operation !== 'write') return undefined;
        disk.onOperation = () => undefined;
        this.failedWrites++;
        return Object.assign(new Error('EIO: input/output error'), { code: 'EIO' });
      };
    if (fault !== 'stuck' && fault !== 'slow') return;
    const mended = new Promise<void>((resolve) => (this.#unstick = resolve));
    disk.onOperation = (operation) => {
      if (operation !== 'datasync') return undefined;
      if (fault === 'stuck') return mended;
      this.slowSyncs++;
      const late = new Promise<void>((resolve) => this.clock.after(SLOW_SYNC_MS, resolve));
      return Promise.race([mended, late]);
    };
  }

  /** Everything works again. */
  mend(): void {
    this.log(undefined);
    this.store = false;
    this.homestead = undefined;
    this.inputWaitMs = 0;
  }
}

/** Homestead as it is while it works, and the failure that is asked for while it does not. */
export const faultyHomestead = (homestead: Homestead, faults: Faults): Homestead => {
  const ask = <T>(question: () => Promise<Answer<T>>): Promise<Answer<T>> => {
    const { homestead: failure } = faults;
    if (failure === undefined) return question();
    return failure === 'slow' ? faults.untilQuick().then(question) : Promise.resolve({ ok: false, failure });
  };
  return {
    authentication: (...question) => ask(() => homestead.authentication(...question)),
    authVector: (...question) => ask(() => homestead.authVector(...question)),
    registrationStatus: (...question) => ask(() => homestead.registrationStatus(...question)),
    location: (...question) => ask(() => homestead.location(...question)),
    regData: (...question) => ask(() => homestead.regData(...question)),
  };
};

/** The store as it is, or unavailable. */
export const faultyStore = <V>(store: KeyValueStore<V>, faults: Faults): KeyValueStore<V> => {
  const guarded = <T>(work: () => Promise<T>): Promise<T> =>
    faults.store ? Promise.reject(new StoreFault('the store does not answer')) : work();
  return {
    get: (key) => guarded(() => store.get(key)),
    getMany: (keys) => guarded(() => store.getMany(keys)),
    cas: (key, value, version, ttlS) => guarded(() => store.cas(key, value, version, ttlS)),
    remove: (key, version) => guarded(() => store.remove(key, version)),
    ...(store.entries === undefined ? {} : { entries: () => store.entries!() }),
  };
};
