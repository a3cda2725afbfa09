// An append for a client that waits for it, and what the client is told: 200 when the events are durable, else when to come again
// (docs/architecture.md §6). Used by chronos and ralf for their HTTP requests.
import type { Random } from '#libs/runtime';
import { AppendRefused, AppendUnknown, type DomainEvent, type EventLog } from './event-log.port.js';

/** Appends that wait at the same time; beyond it this node takes no new work. */
export const APPENDS_PENDING_MAX = 5_000;
const RETRY_AFTER_S = { least: 5, spread: 25 };

/** 500: the log's fault. 503: this node takes no new work. Both say when to come again. */
export type ComeAgain = Readonly<{ status: 500 | 503; reason: string; retryAfterS: number }>;
export type AppendAnswer = Readonly<{ status: 200 }> | ComeAgain;

export class AnsweredAppends {
  private pending = 0;

  constructor(private readonly ports: Readonly<{ log: Pick<EventLog, 'append'>; random: Random }>) {}

  /** Rejects with what is neither AppendRefused nor AppendUnknown: a defect. */
  async append(stream: string, events: readonly DomainEvent[]): Promise<AppendAnswer> {
    if (this.pending >= APPENDS_PENDING_MAX) return this.later(503, 'too many requests wait for the log');
    this.pending++;
    try {
      await this.ports.log.append(stream, events);
      return { status: 200 };
    } catch (error) {
      if (error instanceof AppendRefused) return this.later(500, 'the log takes nothing now');
      if (error instanceof AppendUnknown)
        return this.later(500, 'the log does not answer: it may have happened');
      throw error;
    } finally {
      this.pending--;
    }
  }

  /** In 5 to 30 s, at random: not all at once. */
  later(status: 500 | 503, reason: string): ComeAgain {
    const { least, spread } = RETRY_AFTER_S;
    return { status, reason, retryAfterS: least + Math.floor(this.ports.random.fraction() * (spread + 1)) };
  }
}
