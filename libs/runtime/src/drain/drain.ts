// Taking a node out of work and back: it takes nothing new, finishes what it has, and says that it is drained; its process goes on. Begun
// and ended by the cluster (libs/shared-config); the end of a process is shutdown.ts. Each part says for itself how it leaves.
import type { Clock } from '../clock.port.js';
import type { Health } from '../health.js';
import type { Logger } from '../logger.js';

/** What a part of a process does in a drain. */
export type DrainPart = Readonly<{
  /** Lets others know that they should go elsewhere. May be called again. */
  leave(): void | Promise<void>;
  /** Takes work as before. */
  comeBack(): void | Promise<void>;
  /** What is left to do, for people: `3 transactions`; undefined: nothing. */
  unfinished(): string | undefined;
}>;

/** `overdue`: longer than its bound. It goes on finishing: nothing is cut off but by the end of the process. */
export type DrainState = 'serving' | 'draining' | 'overdue' | 'drained';

export type DrainStatus = Readonly<{ state: DrainState; unfinished: readonly string[] }>;

export interface Drain {
  add(name: string, part: DrainPart): void;
  begin(): void;
  end(): void;
  status(): DrainStatus;
  /** Told at each change of the state. */
  onChange(listener: (status: DrainStatus) => void): void;
}

export type DrainOptions = Readonly<{
  clock: Clock;
  health: Pick<Health, 'leave' | 'comeBack'>;
  logger: Pick<Logger, 'info' | 'warn' | 'error'>;
  /** From then on a drain that has not ended is overdue. */
  boundMs: number;
}>;

const LOOK_MS = 100;
/** So long nothing must have been left: what others sent before they knew is still on its way. */
export const DRAIN_SETTLE_MS = 1_000;

class ProcessDrain implements Drain {
  private readonly parts = new Map<string, DrainPart>();
  private readonly listeners: ((status: DrainStatus) => void)[] = [];
  private state: DrainState = 'serving';
  private cancelLook = (): void => undefined;
  private begunMs = 0;
  private idleSinceMs: number | undefined;

  constructor(private readonly options: DrainOptions) {}

  add(name: string, part: DrainPart): void {
    this.parts.set(name, part);
    // A node that is to be drained may be told so while it starts.
    if (this.state !== 'serving') this.ask(name, 'leave', part);
  }

  begin(): void {
    if (this.state !== 'serving') return;
    this.options.health.leave();
    this.begunMs = this.options.clock.monotonicMs();
    this.idleSinceMs = undefined;
    this.become('draining');
    for (const [name, part] of this.parts) this.ask(name, 'leave', part);
    this.look();
  }

  end(): void {
    if (this.state === 'serving') return;
    this.cancelLook();
    for (const [name, part] of this.parts) this.ask(name, 'comeBack', part);
    this.options.health.comeBack();
    this.become('serving');
  }

  status(): DrainStatus {
    const unfinished =
      this.state === 'serving' ? [] : [...this.parts.values()].flatMap((part) => part.unfinished() ?? []);
    return { state: this.state, unfinished };
  }

  onChange(listener: (status: DrainStatus) => void): void {
    this.listeners.push(listener);
  }

  private look(): void {
    const { clock, boundMs } = this.options;
    const nowMs = clock.monotonicMs();
    const { unfinished } = this.status();
    this.idleSinceMs = unfinished.length === 0 ? (this.idleSinceMs ?? nowMs) : undefined;
    if (this.idleSinceMs !== undefined && nowMs - this.idleSinceMs >= DRAIN_SETTLE_MS) this.become('drained');
    // What comes to a drained node all the same is served, and it is drained again after it.
    else if (this.state === 'draining' && nowMs - this.begunMs >= boundMs) this.become('overdue');
    this.cancelLook = clock.after(LOOK_MS, () => this.look());
  }

  private become(state: DrainState): void {
    if (this.state === state) return;
    this.state = state;
    const status = this.status();
    const { logger } = this.options;
    if (state === 'overdue')
      logger.warn({ unfinished: status.unfinished }, 'draining takes longer than it may');
    else logger.info({ state }, 'drain');
    for (const listener of this.listeners) listener(status);
  }

  private ask(name: string, what: 'leave' | 'comeBack', part: DrainPart): void {
    void (async () => part[what]())().catch((error: unknown) =>
      this.options.logger.error({ err: error, part: name, what }, 'drain'),
    );
  }
}

export const createDrain = (options: DrainOptions): Drain => new ProcessDrain(options);
