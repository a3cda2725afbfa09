// Ralf: the charging trigger function. What is chargeable is in the log, from the router and the edge, or told over HTTP (backend.md §5); the
// owner of the log's partition sends it to a CDF by Rf, until one answers (docs/charging.md).
import { AnsweredAppends, type ComeAgain, type EventLog } from '#libs/event-log';
import type { Clock, Random } from '#libs/runtime';
import { type Accountant, type AccountantPorts, createAccountant } from './accountant.js';
import { readReceived } from './received.js';

/** backend.md §5.1: 200 means durable; refused with its reason; 500 and 503 with when to come again. */
export type RalfAnswer = Readonly<{ status: 200 }> | Readonly<{ status: 400; reason: string }> | ComeAgain;

export type Told = Readonly<{ callId: string; body: unknown; isTimer: boolean }>;

export interface Ralf {
  receive(told: Told): Promise<RalfAnswer>;
  readonly accountant: Accountant;
}

export type RalfPorts = AccountantPorts &
  Readonly<{ log: Pick<EventLog, 'append'>; clock: Clock; random: Random }>;

export const createRalf = (ports: RalfPorts): Ralf => {
  const appends = new AnsweredAppends(ports);
  return {
    accountant: createAccountant(ports),
    async receive(told) {
      const received = readReceived({ ...told, nowMs: ports.clock.nowMs() });
      if (!received.ok) return { status: 400, reason: received.reason };
      return appends.append(received.stream, [received.event]);
    },
  };
};
