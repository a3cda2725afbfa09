// Says whether a page shows what happens now, and if not, of when it is. Used by live pages.
import type { JSX } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import type { LiveState } from '../api/live.js';

const wordsOf = (state: LiveState, brokenAtMs: number | undefined): string => {
  if (state === 'live') return 'Live';
  if (state === 'connecting' && brokenAtMs === undefined) return 'Connecting…';
  const of = brokenAtMs === undefined ? '' : ` since ${new Date(brokenAtMs).toLocaleTimeString()}`;
  return `Not live${of}: trying again`;
};

export const LiveMark = ({ state }: Readonly<{ state: LiveState }>): JSX.Element => {
  const [brokenAtMs, setBrokenAtMs] = useState<number>();
  useEffect(() => {
    if (state === 'live') setBrokenAtMs(undefined);
    if (state === 'broken') setBrokenAtMs((before) => before ?? Date.now());
  }, [state]);
  return (
    <p class={`live-mark ${state === 'live' || brokenAtMs === undefined ? state : 'broken'}`} role="status">
      <span class="dot" aria-hidden="true" />
      {wordsOf(state, brokenAtMs)}
    </p>
  );
};
