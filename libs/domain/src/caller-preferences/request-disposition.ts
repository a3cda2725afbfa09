// How a caller wants to be forked (RFC 3841 §9.1), and the groups in which devices ring for it (RFC 3261 §16.6). Pure. Reader: sprout.

/**
 * by-q: those of one q together, from the highest on. parallel: all at once. sequential: one at a time. none: the best alone.
 */
export type Forking = 'by-q' | 'parallel' | 'sequential' | 'none';

export type Disposition = Readonly<{
  forking: Forking;
  /** Who still rings when one has answered is cancelled. */
  cancels: boolean;
}>;

export const USUAL_DISPOSITION: Disposition = { forking: 'by-q', cancels: true };

/** The first of those that are said: there is one of each kind (RFC 3841 §9.1). */
const firstOf = (said: readonly string[], ...directives: readonly string[]): string | undefined =>
  said.find((directive) => directives.includes(directive));

/**
 * What is done of the directives of a request; case does not matter. Nobody is redirected instead of being proxied for, answers 3xx are
 * passed on and not followed, and nothing is queued: what the devices say is the answer.
 */
export const dispositionOf = (directives: readonly string[]): Disposition => {
  const said = directives.map((directive) => directive.trim().toLowerCase());
  const order = firstOf(said, 'parallel', 'sequential') as 'parallel' | 'sequential' | undefined;
  return {
    forking: firstOf(said, 'fork', 'no-fork') === 'no-fork' ? 'none' : (order ?? 'by-q'),
    cancels: firstOf(said, 'cancel', 'no-cancel') !== 'no-cancel',
  };
};

/** Devices in the order of preference, highest q first, as groups: those of a group ring together, one group after the other. */
export const ringingGroups = <T extends Readonly<{ q: number }>>(
  devices: readonly T[],
  forking: Forking,
): readonly (readonly T[])[] => {
  const [best] = devices;
  if (best === undefined) return [];
  switch (forking) {
    case 'none':
      return [[best]];
    case 'parallel':
      return [devices];
    case 'sequential':
      return devices.map((device) => [device]);
    case 'by-q': {
      const groups: T[][] = [];
      let last: T | undefined;
      for (const device of devices) {
        if (last?.q === device.q) groups.at(-1)!.push(device);
        else groups.push([device]);
        last = device;
      }
      return groups;
    }
  }
};
