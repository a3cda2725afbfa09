// Whose effects are a stream's: who sends what its events ask for (docs/architecture.md §2, own). One process on one log owns all there is.
// Where routers share a log they will own its partitions; until then each takes every stream, and the log says which of them
// sends a document (notifier.ts). Read by notifier.ts.

export interface EffectOwnership {
  /** May this router act on events of the stream? */
  owns(stream: string): boolean;
  /** Others run beside this one: that it starts does not mean that anything was left undone. */
  readonly isShared: boolean;
}

/** The only process on its log. */
export const SOLE_OWNER: EffectOwnership = { owns: () => true, isShared: false };
/** One of several, none of which owns a part. */
export const ONE_OF_SEVERAL: EffectOwnership = { owns: () => true, isShared: true };

export const ownershipOn = ({ isLogShared }: Readonly<{ isLogShared: boolean }>): EffectOwnership =>
  isLogShared ? ONE_OF_SEVERAL : SOLE_OWNER;
