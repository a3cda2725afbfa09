// A view as the projector keeps it: how far it is, what is parked, and how it is built anew. Port between projector.ts, which knows jobs, and
// open-views.ts, which knows stores.
import type { Keyspaces, Projector } from '#libs/projector';

export type RebuildSteps = Readonly<{
  /** What it does now, for people. */
  onStep: (step: string) => void;
  /** Events folded so far, of so many. */
  onProgress: (done: number, total: number) => void;
}>;

export interface KeptView {
  readonly name: string;
  readonly store: 'memcached' | 'cassandra';
  readonly projector: Pick<Projector, 'position' | 'failure' | 'parked' | 'replayParked'>;
  /** Where nodes agree on them. */
  readonly keyspaces?: Keyspaces;
  /** Resolves with what is to be known of it; rejects with RebuildFailed, StoreUnavailable, ConfigUnavailable. */
  rebuild(steps: RebuildSteps): Promise<string>;
  stop(): Promise<void>;
}
