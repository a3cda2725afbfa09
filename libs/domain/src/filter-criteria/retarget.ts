// What an application server did to the target of a request that it gave back (TS 24.229 §5.4.3.3 step 3A, TS 23.218 §6.5.2).
// Pure. Reader: sprout's ISC side, where a request returns by its original dialog identifier.

/**
 * unchanged: the chain goes on. alias: another name of the same user, and it goes on too. routed: somewhere along a Route of the
 * server's, and the chain stops. diverted: the served user diverts the session, which starts as its originating one.
 */
export type Retargeting = 'unchanged' | 'alias' | 'routed' | 'diverted';

export type ReturnedTarget = Readonly<{
  /** As they were when the request left, and as they are now; undefined: no identity can be read from it. */
  before: string | undefined;
  after: string | undefined;
  /** The same text, whatever it means. */
  isSame: boolean;
  /** Names of the served user. */
  aliases: readonly string[];
  /** Is a Route left beside this node's own? */
  hasRoute: boolean;
}>;

/** On the terminating side; what an originating server makes of the target is the caller's wish. */
export const retargetingOf = ({ before, after, isSame, aliases, hasRoute }: ReturnedTarget): Retargeting => {
  if (isSame || (after !== undefined && after === before)) return 'unchanged';
  if (after !== undefined && aliases.includes(after)) return 'alias';
  return hasRoute ? 'routed' : 'diverted';
};
