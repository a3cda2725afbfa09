// Server-sent events of Ellis (docs/ellis.md), for as long as a page is open. The browser comes again by itself after a break; what it does not do,
// this does: come again after a refusal (503, too many streams), notice a connection that has died without a word, and rest while nobody sees
// the page, since all tabs of a browser share six connections to a host. Used by the pages that show what happens now.
import { doubtSession } from './session-doubt.js';

export type LiveState = 'connecting' | 'live' | 'broken';

/** Listeners by the event's name; each gets the parsed data. */
export type LiveListeners = Readonly<Record<string, (data: unknown) => void>>;

export type Follow = Readonly<{
  url: string;
  listeners: LiveListeners;
  onState: (state: LiveState) => void;
  /** Also while nobody sees the page. */
  whileHidden?: boolean;
}>;

const AGAIN_MS_MIN = 3_000;
const AGAIN_MS_MAX = 60_000;
/** Three beats of the server's. */
export const SILENT_MS_MAX = 45_000;
const LOOK_MS = 5_000;
/** Told by the server when it has nothing else to tell. */
const BEAT = 'beat';

class Following {
  #source: EventSource | undefined;
  #again: ReturnType<typeof setTimeout> | undefined;
  #waitMs = AGAIN_MS_MIN;
  #heardMs = 0;
  readonly #looking: ReturnType<typeof setInterval>;
  readonly #seen = (): void => {
    if (document.hidden) this.#close();
    else if (this.#source === undefined) this.#open();
  };

  constructor(private readonly follow: Follow) {
    if (follow.whileHidden !== true) document.addEventListener('visibilitychange', this.#seen);
    this.#looking = setInterval(() => this.#look(), LOOK_MS);
    if (follow.whileHidden === true || !document.hidden) this.#open();
  }

  end(): void {
    document.removeEventListener('visibilitychange', this.#seen);
    clearInterval(this.#looking);
    this.#close();
  }

  #open(): void {
    const { url, listeners, onState } = this.follow;
    this.#close();
    this.#heardMs = Date.now();
    onState('connecting');
    const stream = new EventSource(url);
    this.#source = stream;
    stream.onopen = () => {
      this.#waitMs = AGAIN_MS_MIN;
      this.#heardMs = Date.now();
      onState('live');
    };
    stream.onerror = () => {
      this.#heardMs = Date.now();
      onState('broken');
      // Of why, a browser says nothing: it may be that nobody is signed in any more.
      if (stream.readyState === EventSource.CLOSED) this.#later();
    };
    stream.addEventListener(BEAT, () => void (this.#heardMs = Date.now()));
    for (const [name, listener] of Object.entries(listeners))
      stream.addEventListener(name, (event: MessageEvent<string>) => {
        this.#heardMs = Date.now();
        const data = parsed(event.data);
        if (data !== undefined) listener(data);
      });
  }

  #later(): void {
    doubtSession();
    this.#again = setTimeout(() => this.#open(), this.#waitMs);
    this.#waitMs = Math.min(this.#waitMs * 2, AGAIN_MS_MAX);
  }

  #look(): void {
    if (this.#source?.readyState !== EventSource.OPEN || Date.now() - this.#heardMs < SILENT_MS_MAX) return;
    this.follow.onState('broken');
    this.#open();
  }

  #close(): void {
    clearTimeout(this.#again);
    this.#source?.close();
    this.#source = undefined;
  }
}

/** Returns what ends it. */
export const follow = (wanted: Follow): (() => void) => {
  const following = new Following(wanted);
  return () => following.end();
};

/** undefined: a line that was cut. */
const parsed = (text: string): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
};
