// Ralf: the charging trigger function. What is chargeable is in the log, from the router and the edge, or told over HTTP (backend.md §5); the
// owner of the log's partition sends it to a CDF by Rf, until one answers (docs/charging.md).
import { AppendRefused, AppendUnknown, type EventLog } from '#libs/event-log';
import type { Clock, Random } from '#libs/runtime';
import { type Accountant, type AccountantPorts, createAccountant } from './accountant.js';
import { readReceived } from './received.js';

/** Appends that wait at the same time; beyond it this node takes no new work. */
const PENDING_MAX = 5_000;
const RETRY_AFTER_S = { least: 5, spread: 25 };

/** backend.md §5.1: 200 means durable; refused with its reason; 500 and 503 with when to come again. */
export type RalfAnswer =
  Readonly<{ status: 200 }> | Readonly<{ status: 400 | 500 | 503; reason: string; retryAfterS?: number }>;

export type Told = Readonly<{ callId: string; body: unknown; isTimer: boolean }>;

export interface Ralf {
  receive(told: Told): Promise<RalfAnswer>;
  readonly accountant: Accountant;
}

export type RalfPorts = AccountantPorts &
  Readonly<{ log: Pick<EventLog, 'append'>; clock: Clock; random: Random }>;

class LoggedRalf implements Ralf {
  readonly accountant: Accountant;
  private pending = 0;

  constructor(private readonly ports: RalfPorts) {
    this.accountant = createAccountant(ports);
  }

  async receive(told: Told): Promise<RalfAnswer> {
    const { log, clock } = this.ports;
    const received = readReceived({ ...told, nowMs: clock.nowMs() });
    if (!received.ok) return { status: 400, reason: received.reason };
    if (this.pending >= PENDING_MAX) return this.later(503, 'too many requests wait for the log');
    this.pending++;
    try {
      await log.append(received.stream, [received.event]);
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

  private later(status: 500 | 503, reason: string): RalfAnswer {
    const { least, spread } = RETRY_AFTER_S;
    return { status, reason, retryAfterS: least + Math.floor(this.ports.random.fraction() * (spread + 1)) };
  }
}

export const createRalf = (ports: RalfPorts): Ralf => new LoggedRalf(ports);
