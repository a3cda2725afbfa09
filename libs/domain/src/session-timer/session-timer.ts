// How long a session lives without a refresh, as a proxy on its way asks for (RFC 4028 §8). Pure. Reader: sprout.

/** No session is to be refreshed more often: what Min-SE says is at least this, s (RFC 4028 §5). */
export const MIN_SE_S = 90;

export type SessionTimerPolicy = Readonly<{
  /** What is asked for where the caller asks for nothing or for longer, s; 0: nothing is asked for, and nothing is refused. */
  targetS: number;
  /** What is refused below, s; MIN_SE_S at least. */
  minS: number;
}>;

/** What a session refresh request (INVITE, UPDATE) says: Session-Expires and Min-SE, s, and `timer` in Supported. */
export type RefreshAsked = Readonly<{
  expiresS: number | undefined;
  minS: number | undefined;
  knowsTimers: boolean;
}>;

export type RefreshDecision =
  /** 422 with this Min-SE. */
  | Readonly<{ kind: 'too-small'; minS: number }>
  /** Session-Expires as the request is to have it, and Min-SE where it is to have another. */
  | Readonly<{ kind: 'forward'; expiresS: number; minS?: number }>;

/** RFC 4028 §8.1. `policy.targetS` is not 0. */
export const decideRefresh = (
  { expiresS, minS, knowsTimers }: RefreshAsked,
  policy: SessionTimerPolicy,
): RefreshDecision => {
  const isTooSmall = expiresS !== undefined && expiresS < policy.minS;
  if (isTooSmall && knowsTimers) return { kind: 'too-small', minS: policy.minS };
  // Who does not know timers cannot ask again: the interval is raised for it. Of who does Min-SE is never touched.
  const raised = isTooSmall && (minS ?? MIN_SE_S) < policy.minS ? policy.minS : undefined;
  const floorS = Math.max(MIN_SE_S, raised ?? minS ?? 0);
  const wantedS = Math.max(Math.min(expiresS ?? policy.targetS, policy.targetS), floorS);
  return raised === undefined
    ? { kind: 'forward', expiresS: wantedS }
    : { kind: 'forward', expiresS: wantedS, minS: raised };
};

/**
 * What a 2xx lacks when the callee does not know timers and the caller does: Session-Expires for the caller to refresh by, s (RFC 4028
 * §8.2). undefined: it goes on as it is.
 */
export const refreshLacking = (
  answeredS: number | undefined,
  { askedS, knowsTimers }: Readonly<{ askedS: number; knowsTimers: boolean }>,
): number | undefined => (answeredS === undefined && knowsTimers ? askedS : undefined);
