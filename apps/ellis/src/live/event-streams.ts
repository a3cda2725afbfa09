// Server-sent events (HTML Living Standard §9.2): one open answer a page. Bounded in number, in all and an account; who does not read is let go;
// a beat keeps proxies from closing it, tells a page that the connection lives, and is when it is asked again whether the session still holds.
// Used by the controllers of live parts.
import type { ServerResponse } from 'node:http';
import type { Clock } from '#libs/runtime';
import { throttled } from '../outcome.js';

export const STREAMS_MAX = 2_000;
export const STREAMS_OF_OWNER_MAX = 10;
const HEARTBEAT_MS = 15_000;
/** What a reader may leave unread. */
const UNREAD_BYTES_MAX = 256 * 1024;
const RETRY_MS = 3_000;
const HEADERS = {
  'content-type': 'text/event-stream; charset=utf-8',
  'cache-control': 'no-store',
  'x-accel-buffering': 'no',
  'x-content-type-options': 'nosniff',
};

export interface EventStream {
  send(event: string, data: object): void;
  /** Runs when it is over, whoever ended it. */
  onEnd(run: () => void): void;
}

export class EventStreams {
  private readonly open = new Set<() => void>();
  private readonly byOwner = new Map<string, number>();
  private isClosed = false;

  constructor(private readonly clock: Clock) {}

  /** Refuses with 503 what is too many. To be asked before the answer begins. */
  admit(owner: string): void {
    const isFull = this.open.size >= STREAMS_MAX || (this.byOwner.get(owner) ?? 0) >= STREAMS_OF_OWNER_MAX;
    if (isFull || this.isClosed) throw throttled('too many live streams are open');
  }

  /** Begins the answer. `isAllowed` is asked now and then. */
  begin(owner: string, raw: ServerResponse, isAllowed: () => Promise<boolean>): EventStream {
    const ends: (() => void)[] = [];
    let cancel = (): void => undefined;
    let isOver = false;
    const end = (): void => {
      if (isOver) return;
      isOver = true;
      cancel();
      this.open.delete(end);
      const left = (this.byOwner.get(owner) ?? 1) - 1;
      if (left > 0) this.byOwner.set(owner, left);
      else this.byOwner.delete(owner);
      for (const run of ends) run();
      raw.end();
    };
    const write = (text: string): void => {
      if (isOver) return;
      raw.write(text);
      if (raw.writableLength > UNREAD_BYTES_MAX) {
        raw.destroy();
        end();
      }
    };
    const beat = (): void => {
      cancel = this.clock.after(HEARTBEAT_MS, () => {
        isAllowed().then(
          (allowed) => {
            if (isOver) return;
            if (!allowed) return end();
            write('event: beat\ndata: {}\n\n');
            beat();
          },
          // Whether the session holds cannot be told now: the page comes again.
          end,
        );
      });
    };
    this.open.add(end);
    this.byOwner.set(owner, (this.byOwner.get(owner) ?? 0) + 1);
    raw.on('close', end);
    raw.on('error', end);
    // Who went while it was asked who they are is told of by no event any more.
    if (raw.destroyed) end();
    else {
      raw.writeHead(200, HEADERS);
      write(`retry: ${RETRY_MS}\n\n`);
      beat();
    }
    return {
      send: (event, data) => write(`event: ${event}\ndata: ${JSON.stringify(data)}\n\n`),
      onEnd: (run) => (isOver ? run() : void ends.push(run)),
    };
  }

  close(): void {
    this.isClosed = true;
    for (const end of [...this.open]) end();
  }
}
