// What must not overlap within this process, one after the other: by account, a number taken for it, a line that begins to count, the account
// deleted; by number, its line taken away. Used by make-line.ts, delete-line.ts and accounts.ts. As many wait as lines are made at once.

/** By name, what was begun last. */
const begun = new Map<string, Promise<unknown>>();

/** Runs it when what was begun before it under the same name has ended, however that went. `name`: an account's address, or a number's SIP URI. */
export const inTurn = async <T>(name: string, run: () => Promise<T>): Promise<T> => {
  const before = begun.get(name) ?? Promise.resolve();
  const own = before.then(run, run);
  begun.set(name, own);
  try {
    return await own;
  } finally {
    if (begun.get(name) === own) begun.delete(name);
  }
};
