// The call list as an application server: each call that passes is noted in the log, begun and concluded, and never waits for its note.
// Events: libs/domain/src/call-list. Written for main.ts, which gives it the requests; read from calls-by-user by the HTTP API.
import { CALL_LIST_STREAM, type CallBegun, type CallListEvent } from '#libs/domain';
import type { EventLog } from '#libs/event-log';
import type { Clock, Random } from '#libs/runtime';
import { callOf, type Invitation } from './call-of-request.js';

/** Notes that wait for the log; a call beyond is passed on and not noted. */
export const NOTES_MAX = 10_000;
const CALL_NAME_LENGTH = 20;

export const CALL_LIST_COUNTS = ['begun', 'concluded', 'nobodys', 'not-noted'] as const;
export type CallListCount = (typeof CALL_LIST_COUNTS)[number];

export type CallListPorts = Readonly<{
  log: Pick<EventLog, 'append'>;
  clock: Pick<Clock, 'nowMs'>;
  random: Pick<Random, 'token'>;
  count: (kind: CallListCount) => void;
  onFault: (error: unknown) => void;
}>;

export interface CallListServer {
  /** A call that is passed on. What is returned takes its final status, once. */
  begin(request: Invitation): (status: number) => void;
}

const UNNOTED = (): void => undefined;

class Notes implements CallListServer {
  #waiting = 0;

  constructor(private readonly ports: CallListPorts) {}

  begin(request: Invitation): (status: number) => void {
    const { clock, random, count } = this.ports;
    const begun = callOf(request, random.token(CALL_NAME_LENGTH), clock.nowMs());
    if (begun === undefined) count('nobodys');
    else if (this.#waiting >= NOTES_MAX) count('not-noted');
    else return this.#begin(begun);
    return UNNOTED;
  }

  #begin(begun: CallBegun): (status: number) => void {
    const { impu, call } = begun.data;
    this.ports.count('begun');
    const written = this.#note([begun]);
    let isOver = false;
    return (status) => {
      if (isOver) return;
      isOver = true;
      const atMs = this.ports.clock.nowMs();
      const concluded = { type: 'CallConcluded', data: { impu, call, status, atMs } } as const;
      this.ports.count('concluded');
      // With the first one again where that is not known to be there: the fold takes it once.
      void written.then((isThere) => this.#note(isThere ? [concluded] : [begun, concluded]));
    };
  }

  /** Resolves with whether it is written for certain. */
  async #note(events: readonly [CallListEvent, ...CallListEvent[]]): Promise<boolean> {
    this.#waiting++;
    try {
      await this.ports.log.append(`${CALL_LIST_STREAM}${events[0].data.impu}`, events);
      return true;
    } catch (error) {
      this.ports.count('not-noted');
      this.ports.onFault(error);
      return false;
    } finally {
      this.#waiting--;
    }
  }
}

export const createCallList = (ports: CallListPorts): CallListServer => new Notes(ports);
