// Facts about calls on their way to the log. Nobody waits for them, so they are gathered for a moment: the log's commits
// then serve registrations, and a call costs one commit or less (docs/performance.md). Order within a stream is kept.
// Written by the router and the edge; drained into the log here, and at the end of the process. While the log takes none, charging facts wait on disk.
import type { Clock } from '#libs/runtime';
import { AppendRefused, AppendUnknown, type DomainEvent, type EventLog } from '../../event-log.port.js';
import type { AppendSpool } from './append-spool.js';

/** How long facts wait for others. */
export const CALL_SPOOL_MS = 20;
/** Streams that wait, the log being slow; beyond it the oldest is dropped and counted, or goes to the disk. */
export const CALL_SPOOL_STREAMS_MAX = 50_000;

export type CallSpoolObserver = Readonly<{
  /** The log took facts. */
  taken(): void;
  /** It did not; charging facts wait on disk then, unless the log refuses them for their content. */
  failed(error: unknown): void;
  /** The oldest had to give way. */
  dropped(): void;
}>;

export type CallSpoolPorts = Readonly<{
  log: Pick<EventLog, 'append'>;
  clock: Clock;
  told: CallSpoolObserver;
  /** Where charging facts wait; without it they are dropped and counted, as the others are. */
  charging?: Pick<AppendSpool, 'put' | 'isHolding'> | undefined;
}>;

const isCharging = (stream: string): boolean => stream.startsWith('charging-');

export class CallSpool {
  #waiting = new Map<string, DomainEvent[]>();
  #cancel: (() => void) | undefined;

  constructor(private readonly ports: CallSpoolPorts) {}

  /** Takes facts of one stream; they are appended within CALL_SPOOL_MS. */
  note(stream: string, facts: readonly DomainEvent[]): void {
    const waiting = this.#waiting.get(stream);
    if (waiting !== undefined) waiting.push(...facts);
    else this.#add(stream, facts);
    this.#cancel ??= this.ports.clock.after(CALL_SPOOL_MS, () => void this.flush());
  }

  /** Appends what waits; resolves when the log has said yes or no to all of it. Never rejects. */
  async flush(): Promise<void> {
    this.#cancel?.();
    this.#cancel = undefined;
    const batch = this.#waiting;
    this.#waiting = new Map();
    const appends: Promise<unknown>[] = [];
    for (const [stream, facts] of batch) {
      // Behind what waits, so that a session's facts keep their order.
      if (this.ports.charging?.isHolding && isCharging(stream)) this.ports.charging.put(stream, facts);
      else appends.push(this.#append(stream, facts));
    }
    await Promise.all(appends);
  }

  #append(stream: string, facts: readonly DomainEvent[]): Promise<void> {
    const { log, told } = this.ports;
    return log.append(stream, facts).then(
      () => told.taken(),
      (error: unknown) => {
        told.failed(error);
        const isForLater = error instanceof AppendRefused || error instanceof AppendUnknown;
        if (isForLater && isCharging(stream))
          this.ports.charging?.put(stream, facts, error instanceof AppendUnknown);
      },
    );
  }

  #add(stream: string, facts: readonly DomainEvent[]): void {
    if (this.#waiting.size >= CALL_SPOOL_STREAMS_MAX) this.#dropOldest();
    this.#waiting.set(stream, [...facts]);
  }

  #dropOldest(): void {
    const { told, charging } = this.ports;
    const [stream, facts] = this.#waiting.entries().next().value!;
    this.#waiting.delete(stream);
    if (charging !== undefined && isCharging(stream)) charging.put(stream, facts);
    else told.dropped();
  }
}
