// One change of a document at a time in this process: of many conditional ones at once the first goes on and the others are judged by
// what it made, before anything is validated for them. Other processes' changes are caught by the log (expect). Reader: homer.ts.

/** Changes of one document that wait; beyond it the client is told to come again. */
export const CHANGES_WAITING_MAX = 1_000;

export class DocumentQueue {
  private readonly tails = new Map<string, Readonly<{ waiting: number; last: Promise<unknown> }>>();

  /** Runs it after the changes before it; undefined: too many wait. */
  run<T>(id: string, change: () => Promise<T>): Promise<T> | undefined {
    const tail = this.tails.get(id);
    const waiting = (tail?.waiting ?? 0) + 1;
    if (waiting > CHANGES_WAITING_MAX) return undefined;
    const done = tail === undefined ? change() : tail.last.then(change);
    const last = done.then(
      () => undefined,
      () => undefined,
    );
    this.tails.set(id, { waiting, last });
    void last.then(() => {
      const now = this.tails.get(id);
      if (now === undefined || now.waiting <= 1) this.tails.delete(id);
      else this.tails.set(id, { ...now, waiting: now.waiting - 1 });
    });
    return done;
  }
}
