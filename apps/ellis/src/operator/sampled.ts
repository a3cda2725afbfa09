// A figure that costs something: taken again when it is asked for and has grown old, and shown as it was last until then. However many look, it
// is taken once at a time. Used for figures of operators.
import type { Clock } from '#libs/runtime';

export type SampledOptions = Readonly<{
  everyMs: number;
  clock: Pick<Clock, 'monotonicMs'>;
  onFault: (error: unknown) => void;
}>;

/** Asks for the figure; null while it cannot be had. Only the first ask waits. */
export const sampled = <T>(
  take: () => Promise<T>,
  { everyMs, clock, onFault }: SampledOptions,
): (() => Promise<T | null>) => {
  let value: T | null = null;
  let isTaken = false;
  let takenAtMs = 0;
  let underWay: Promise<void> | undefined;
  const refresh = async (): Promise<void> => {
    try {
      value = await take();
    } catch (error) {
      value = null;
      onFault(error);
    }
    isTaken = true;
    takenAtMs = clock.monotonicMs();
    underWay = undefined;
  };
  return async () => {
    if (!isTaken || clock.monotonicMs() - takenAtMs >= everyMs) underWay ??= refresh();
    if (!isTaken) await underWay;
    return value;
  };
};
