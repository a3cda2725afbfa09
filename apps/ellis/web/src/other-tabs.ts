// All tabs of a browser share one session: who signs out in one of them has signed out in all, and leaves nothing behind in any. Used by app.tsx.

const SIGNED_OUT = 'signed-out';
const channel = new BroadcastChannel('portal');

export const tellSignedOut = (): void => channel.postMessage(SIGNED_OUT);

/** Of another tab; returns what ends it. */
export const onSignedOutElsewhere = (run: () => void): (() => void) => {
  const heard = ({ data }: MessageEvent<unknown>): void => {
    if (data === SIGNED_OUT) run();
  };
  channel.addEventListener('message', heard);
  return () => channel.removeEventListener('message', heard);
};
