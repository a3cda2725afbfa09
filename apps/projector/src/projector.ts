// What the projector is: views that follow the log, rebuilds as jobs that are watched, and parked streams that are tried again.
// One rebuild of a view at a time. Read and ordered through http/; the loop of a view is libs/projector.
import { createParkedList, type Keyspaces, type ParkedList, type ParkedView } from '#libs/projector';
import type { Clock, Logger } from '#libs/runtime';
import type { KeptView } from './kept-view.js';

export type Job = Readonly<{
  state: 'running' | 'done' | 'failed';
  step: string;
  /** Events folded, of so many. */
  done: number;
  total: number;
  perS: number;
  tookMs: number;
}>;

export type ViewStatus = Readonly<{
  name: string;
  store: string;
  /** Events durable and not yet folded. */
  lag: number;
  parkedStreams: number;
  parkedEvents: number;
  /** Why it stands still. */
  failure?: string;
  keyspaces?: Keyspaces;
  rebuild?: Job;
}>;

export type { ParkedView };

export interface ViewKeeper {
  status(): Promise<readonly ViewStatus[]>;
  /** Begins it; undefined: there is no such view; false: it is being rebuilt. */
  rebuild(name: string): boolean | undefined;
  parked(): readonly ParkedView[];
  readonly retry: ParkedList['retry'];
}

export type ViewKeeperPorts = Readonly<{
  views: readonly KeptView[];
  /** Events that each follower has not handled yet, by its view's name. */
  lags: () => Promise<readonly Readonly<{ group: string; lag: number }>[]>;
  clock: Clock;
  logger: Logger;
}>;

const textOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

const statusOf = (view: KeptView, lag: number, rebuild: Job | undefined): ViewStatus => {
  const { name, store, projector, keyspaces } = view;
  const parked = projector.parked();
  return {
    name,
    store,
    lag,
    parkedStreams: parked.length,
    parkedEvents: parked.reduce((sum, { positions }) => sum + positions.length, 0),
    ...(projector.failure === undefined ? {} : { failure: textOf(projector.failure) }),
    ...(keyspaces === undefined ? {} : { keyspaces }),
    ...(rebuild === undefined ? {} : { rebuild }),
  };
};

export const createViewKeeper = ({ views, lags, clock, logger }: ViewKeeperPorts): ViewKeeper => {
  const jobs = new Map<string, Job>();
  const parkedStreams = createParkedList(views);

  const run = async (view: KeptView): Promise<void> => {
    const startMs = clock.monotonicMs();
    let foldMs = startMs;
    const change = (changes: Partial<Job>): void => {
      const before = jobs.get(view.name) ?? {
        state: 'running',
        step: '',
        done: 0,
        total: 0,
        perS: 0,
        tookMs: 0,
      };
      jobs.set(view.name, { ...before, ...changes, tookMs: Math.round(clock.monotonicMs() - startMs) });
    };
    change({ state: 'running', step: 'begins', done: 0, total: 0, perS: 0 });
    try {
      const outcome = await view.rebuild({
        onStep: (step) => {
          foldMs = clock.monotonicMs();
          change({ step });
        },
        onProgress: (done, total) => {
          const seconds = Math.max(0.001, (clock.monotonicMs() - foldMs) / 1_000);
          change({ done, total: Math.max(done, total), perS: Math.round(done / seconds) });
        },
      });
      change({ state: 'done', step: outcome });
      logger.info({ view: view.name, ...jobs.get(view.name) }, 'view rebuilt');
    } catch (error) {
      change({ state: 'failed', step: textOf(error) });
      logger.error({ view: view.name, err: error }, 'rebuild failed; what served serves');
    }
  };

  return {
    async status() {
      const behind = new Map((await lags()).map(({ group, lag }) => [group, lag]));
      return views.map((view) => statusOf(view, behind.get(view.name) ?? 0, jobs.get(view.name)));
    },
    rebuild(name) {
      const view = views.find((each) => each.name === name);
      if (!view) return undefined;
      if (jobs.get(name)?.state === 'running') return false;
      void run(view);
      return true;
    },
    parked: () => parkedStreams.list(),
    retry: (id) => parkedStreams.retry(id),
  };
};
