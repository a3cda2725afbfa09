// A line's devices and calls as they change, for as long as a page is open. Updates that come faster than the page is drawn are
// drawn once. Used by the pages of devices and of calls.
import { useEffect, useRef, useState } from 'preact/hooks';
import type { Call, Device } from './api/contract.js';
import { lineUrl } from './api/ellis.js';
import { follow, type LiveState } from './api/live.js';

export type LineNews = Readonly<{
  onDevices?: (devices: readonly Device[]) => void;
  onCalls?: (calls: readonly Call[]) => void;
  /** From here on each change is told; what was before, in a break too, has to be asked for. */
  onFollowing?: () => void;
}>;

/** Calls that wait for the next picture; of more the oldest are dropped, the list is read anew at the next opening. */
const WAITING_MAX = 1_000;

export const useLiveLine = (email: string, sipUri: string, news: LineNews): LiveState => {
  const [state, setState] = useState<LiveState>('connecting');
  const latest = useRef(news);
  latest.current = news;
  useEffect(() => {
    let frame = 0;
    let isFollowing = false;
    let devices: readonly Device[] | undefined;
    let calls: Call[] = [];
    const draw = (): void => {
      frame = 0;
      const { onDevices, onCalls } = latest.current;
      if (devices !== undefined) onDevices?.(devices);
      if (calls.length > 0) onCalls?.(calls);
      devices = undefined;
      calls = [];
    };
    const soon = (): void => {
      if (frame === 0) frame = requestAnimationFrame(draw);
    };
    const end = follow({
      url: `${lineUrl(email, sipUri)}/live`,
      listeners: {
        // The first thing that each stream tells.
        devices: (data) => {
          devices = (data as { devices: readonly Device[] }).devices;
          soon();
          if (!isFollowing) latest.current.onFollowing?.();
          isFollowing = true;
        },
        call: (data) => {
          if (calls.length >= WAITING_MAX) calls = calls.slice(-WAITING_MAX / 2);
          calls.push(data as Call);
          soon();
        },
      },
      onState: (now) => {
        if (now !== 'live') isFollowing = false;
        setState(now);
      },
    });
    return () => {
      cancelAnimationFrame(frame);
      end();
    };
  }, [email, sipUri]);
  return state;
};
