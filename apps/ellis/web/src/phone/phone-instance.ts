// Which device a tab's phone is (RFC 5626 §4.1): the same after a reload, so that its registration takes the place of the one before, and
// another one in a tab that was made as a copy of this one, storage and all.

type Locks = Readonly<{
  request: (name: string, options: { signal: AbortSignal }, run: () => Promise<never>) => Promise<unknown>;
}>;

/** What the page is given of the browser. `locks` is not there where the page came by http from another machine; there is no phone then either. */
export type InstanceRim = Readonly<{
  storage: Pick<Storage, 'getItem' | 'setItem'>;
  locks: Locks | undefined;
  makeId: () => string;
  /** Fires when a lock has been waited for long enough. */
  patience: () => AbortSignal;
}>;

/** A tab that is loaded anew may find its former self still going. */
const RELOAD_MS_MAX = 1_000;

const BROWSER = (): InstanceRim => ({
  storage: sessionStorage,
  locks: (navigator as Readonly<{ locks?: Locks }>).locks,
  makeId: () => crypto.randomUUID(),
  patience: () => AbortSignal.timeout(RELOAD_MS_MAX),
});

const NEVER = new Promise<never>(() => undefined);

/** Held until the tab ends or is loaded anew; false when another tab has it. */
const hold = ({ locks, patience }: InstanceRim, id: string): Promise<boolean> =>
  new Promise((resolve) => {
    if (locks === undefined) return resolve(true);
    const held = (): Promise<never> => {
      resolve(true);
      return NEVER;
    };
    locks.request(`phone-instance:${id}`, { signal: patience() }, held).catch(() => resolve(false));
  });

const mine = new Map<string, string>();

/** A UUID that no other tab of this browser uses for this line. */
export const phoneInstance = async (sipUri: string, rim = BROWSER(), held = mine): Promise<string> => {
  const inUse = held.get(sipUri);
  if (inUse !== undefined) return inUse;
  const key = `phone-instance:${sipUri}`;
  const kept = rim.storage.getItem(key);
  const id = kept !== null && (await hold(rim, kept)) ? kept : rim.makeId();
  if (id !== kept) await hold(rim, id);
  rim.storage.setItem(key, id);
  held.set(sipUri, id);
  return id;
};
