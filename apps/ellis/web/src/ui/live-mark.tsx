// Says whether a page shows what happens now. Used by live pages.
import type { JSX } from 'preact';
import type { LiveState } from '../api/live.js';

const WORDS: Readonly<Record<LiveState, string>> = {
  connecting: 'Connecting…',
  live: 'Live',
  broken: 'Not live: trying again',
};

export const LiveMark = ({ state }: Readonly<{ state: LiveState }>): JSX.Element => (
  <p class={`live-mark ${state}`} role="status">
    <span class="dot" aria-hidden="true" />
    {WORDS[state]}
  </p>
);
