// A log that may be away as a process starts: opened in the background, as often as it takes; what is appended before is refused, and waits
// where its author keeps it. An edge carries calls without a log. Used by charging-alone.ts.
import { AppendRefused, type EventLog } from '#libs/event-log';
import { type Clock, Pause } from '#libs/runtime';

export const OPEN_AGAIN_MS = 5_000;
/** Of failures one line in so many: a minute apart. */
const TOLD_EACH = 12;

type Opened = Pick<EventLog, 'append' | 'readAll' | 'close'>;

export type LateLogPorts = Readonly<{
  open: () => Promise<Opened>;
  clock: Clock;
  /** It could not be opened, and is tried again. */
  failed: (error: unknown) => void;
}>;

export class LateLog implements Opened {
  #log: Opened | undefined;
  #isClosed = false;
  readonly #pause: Pause;
  readonly #opening: Promise<void>;

  constructor(private readonly ports: LateLogPorts) {
    this.#pause = new Pause(ports.clock);
    this.#opening = this.#open();
  }

  append(...asked: Parameters<EventLog['append']>): ReturnType<EventLog['append']> {
    return this.#log?.append(...asked) ?? Promise.reject(new AppendRefused('the log is not open yet'));
  }

  async *readAll(...asked: Parameters<EventLog['readAll']>): ReturnType<EventLog['readAll']> {
    if (this.#log === undefined) throw new Error('the log is not open yet');
    yield* this.#log.readAll(...asked);
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    this.#pause.end();
    await this.#opening;
    await this.#log?.close();
  }

  async #open(): Promise<void> {
    for (let tries = 0; !this.#isClosed && this.#log === undefined; tries++)
      try {
        this.#log = await this.ports.open();
      } catch (error) {
        if (tries % TOLD_EACH === 0) this.ports.failed(error);
        if (!this.#isClosed) await this.#pause.wait(OPEN_AGAIN_MS);
      }
  }
}
