// Server-sent events of Ellis (docs/ellis.md), for as long as a page is open. The browser comes again by itself after a break; where the
// server refused (503, too many streams) it does not, and then this does. Used by the pages that show what happens now.

export type LiveState = 'connecting' | 'live' | 'broken';

/** Listeners by the event's name; each gets the parsed data. */
export type LiveListeners = Readonly<Record<string, (data: unknown) => void>>;

const AGAIN_MS_MIN = 3_000;
const AGAIN_MS_MAX = 60_000;

/** Returns what ends it. */
export const follow = (
  url: string,
  listeners: LiveListeners,
  onState: (state: LiveState) => void,
): (() => void) => {
  let source: EventSource | undefined;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let waitMs = AGAIN_MS_MIN;
  const open = (): void => {
    onState('connecting');
    const stream = new EventSource(url);
    source = stream;
    stream.onopen = () => {
      waitMs = AGAIN_MS_MIN;
      onState('live');
    };
    stream.onerror = () => {
      onState('broken');
      if (stream.readyState !== EventSource.CLOSED) return;
      timer = setTimeout(open, waitMs);
      waitMs = Math.min(waitMs * 2, AGAIN_MS_MAX);
    };
    for (const [name, listener] of Object.entries(listeners))
      stream.addEventListener(name, (event: MessageEvent<string>) => {
        const data = parsed(event.data);
        if (data !== undefined) listener(data);
      });
  };
  open();
  return () => {
    clearTimeout(timer);
    source?.close();
  };
};

/** undefined: a line that was cut. */
const parsed = (text: string): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
};
