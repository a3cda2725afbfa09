// Tells a read under way whether what it reads has changed meanwhile: only what still holds may be cached.
// Used by subscriber-profiles.store for its rows, and by homestead for what it makes of a credential.

export type Watch = { readonly key: string; isStale: boolean };

export class Changes {
  /** Reads under way, by what they read. */
  private readonly watches = new Map<string, Watch[]>();

  /** To be ended by its reader. */
  watch(key: string): Watch {
    const watch: Watch = { key, isStale: false };
    const others = this.watches.get(key);
    if (others) others.push(watch);
    else this.watches.set(key, [watch]);
    return watch;
  }

  end(watch: Watch): void {
    const watches = this.watches.get(watch.key);
    const at = watches?.indexOf(watch) ?? -1;
    if (!watches || at < 0) return;
    watches.splice(at, 1);
    if (watches.length === 0) this.watches.delete(watch.key);
  }

  changed(key: string): void {
    const watches = this.watches.get(key);
    if (!watches) return;
    for (const watch of watches) watch.isStale = true;
    this.watches.delete(key);
  }

  allChanged(): void {
    for (const key of [...this.watches.keys()]) this.changed(key);
  }
}
