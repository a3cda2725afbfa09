// Defects that a simulation must find, each put in through a port: what they are is what the checkers are for.
import type { Position } from '#libs/decider';
import type { Registration } from '#libs/domain';
import { AppendUnknown, type EventLog } from '#libs/event-log';
import { SHARED_EVERY, type StormOptions } from './storm.js';

const isRegistration = (stream: string): boolean => stream.startsWith('registration-');

/** Appends, and what `instead` makes of them for registrations. */
const withAppend = (log: EventLog, instead: EventLog['append']): EventLog => ({
  append: (stream, events, options) =>
    isRegistration(stream) ? instead(stream, events, options) : log.append(stream, events, options),
  read: (stream, from) => log.read(stream, from),
  readAll: (topics, startAt) => log.readAll(topics, startAt),
  subscribe: (options) => log.subscribe(options),
  close: () => log.close(),
});

/** Where the events will stand, if nothing comes between. */
const guessed = (head: Position | undefined, count: number): readonly Position[] =>
  Array.from({ length: count }, (_, n) => ({
    generation: head?.generation ?? 1,
    partition: 0,
    offset: (head?.offset ?? -1) + 1 + n,
  }));

const withoutTombstones = (row: Registration): Registration => ({
  ...row,
  entries: Object.fromEntries(Object.entries(row.entries).filter(([, { binding }]) => binding !== undefined)),
});

/** `every`: only each so many worlds can show it. */
export const PLANTED: Readonly<Record<string, StormOptions & { every?: number }>> = {
  'an fsync dropped': { liesAboutSync: true },
  'an answer before the append': {
    planted: {
      log: (log, inner) =>
        withAppend(log, (stream, events, options) => {
          log.append(stream, events, options).catch(() => undefined);
          return Promise.resolve(guessed(inner.head, events.length));
        }),
    },
  },
  'an unknown outcome answered 200': {
    planted: {
      log: (log, inner) =>
        withAppend(log, (stream, events, options) =>
          log.append(stream, events, options).catch((error: unknown) => {
            if (!(error instanceof AppendUnknown)) throw error;
            return guessed(inner.head, events.length);
          }),
        ),
    },
  },
  'a removal without upTo': {
    planted: {
      log: (log) =>
        withAppend(log, (stream, events, options) => {
          const unbounded = events.map(({ type, data }) => ({ type, data: { ...data, upTo: undefined } }));
          return log.append(stream, unbounded, options);
        }),
    },
  },
  'a timer lost at a restart': {
    planted: { rows: (rows, isFirst) => (isFirst ? rows : { ...rows, entries: () => [] }) },
  },
  // Only where several read the log does anything come late: on one log and one store nothing is brought back.
  'a forgotten tombstone': {
    every: SHARED_EVERY,
    planted: {
      rows: (rows) => ({
        ...rows,
        cas: (key, row, version, ttlS) => rows.cas(key, withoutTombstones(row), version, ttlS),
      }),
    },
  },
  'a removal answered and not written': {
    planted: {
      log: (log, inner) =>
        withAppend(log, (stream, events, options) =>
          events.every(
            ({ type, data }) => type === 'BindingRemoved' && (data as { cause?: string }).cause === 'client',
          )
            ? Promise.resolve(guessed(inner.head, events.length))
            : log.append(stream, events, options),
        ),
    },
  },
  'a refresh answered and not written': {
    planted: {
      log: (log, inner) =>
        withAppend(log, (stream, events, options) =>
          events.every(({ type }) => type === 'BindingRefreshed')
            ? Promise.resolve(guessed(inner.head, events.length))
            : log.append(stream, events, options),
        ),
    },
  },
};
