import { type InstanceRim, phoneInstance } from './phone-instance.js';

const LINE = 'sip:6505550001@example.com';

/** Locks of one browser, of which each tab has a view. */
class FakeLocks {
  readonly #heldBy = new Map<string, string>();

  ofTab(tab: string): NonNullable<InstanceRim['locks']> {
    return {
      request: (name, { signal }, run) => {
        if (this.#heldBy.has(name))
          return new Promise((_resolve, reject) => {
            const refuse = (): void => reject(signal.reason as Error);
            if (signal.aborted) refuse();
            else signal.addEventListener('abort', refuse);
          });
        this.#heldBy.set(name, tab);
        return run();
      },
    };
  }

  end(tab: string): void {
    for (const [name, owner] of this.#heldBy) if (owner === tab) this.#heldBy.delete(name);
  }
}

const storageOf = (values: Map<string, string>): InstanceRim['storage'] => ({
  getItem: (key) => values.get(key) ?? null,
  setItem: (key, value) => void values.set(key, value),
});

let made = 0;
const tab = (locks: FakeLocks, name: string, values = new Map<string, string>()) => ({
  values,
  rim: {
    storage: storageOf(values),
    locks: locks.ofTab(name),
    makeId: () => `id-${++made}`,
    patience: () => AbortSignal.abort(),
  },
});

describe('which device the phone of a tab is (RFC 5626 §4.1)', () => {
  it('is the same after the tab was loaded anew', async () => {
    const locks = new FakeLocks();
    const first = tab(locks, 'first');
    const before = await phoneInstance(LINE, first.rim, new Map());
    locks.end('first');
    expect(await phoneInstance(LINE, tab(locks, 'again', first.values).rim, new Map())).toBe(before);
  });

  it('is another one in a copy of the tab, and stays so when that is loaded anew', async () => {
    const locks = new FakeLocks();
    const first = tab(locks, 'first');
    const original = await phoneInstance(LINE, first.rim, new Map());
    const copy = tab(locks, 'copy', new Map(first.values));
    const copied = await phoneInstance(LINE, copy.rim, new Map());
    expect(copied).not.toBe(original);
    locks.end('copy');
    expect(await phoneInstance(LINE, tab(locks, 'copy again', copy.values).rim, new Map())).toBe(copied);
  });

  it('stays when the phone is stopped and started in one tab', async () => {
    const { rim } = tab(new FakeLocks(), 'one');
    const held = new Map<string, string>();
    expect(await phoneInstance(LINE, rim, held)).toBe(await phoneInstance(LINE, rim, held));
  });

  it('is there where the browser has no locks', async () => {
    const { rim } = tab(new FakeLocks(), 'one');
    expect(await phoneInstance(LINE, { ...rim, locks: undefined }, new Map())).toMatch(/^id-/);
  });
});
