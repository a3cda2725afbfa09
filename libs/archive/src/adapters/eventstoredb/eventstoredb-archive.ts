// The archive in EventStoreDB, through its own client: one append a call, expected revisions, what it knows again by ids.
// Port: archive.port.ts. What of the client is used and why: docs/archive.md.
import type { AppendExpectedRevision, ReadStreamOptions, ResolvedEvent } from '@eventstore/db-client';
import type { Clock } from '#libs/runtime';
import {
  type Archive,
  ArchiveConflict,
  type ArchivedEntry,
  type ArchiveEntry,
  ENTRIES_PER_APPEND_MAX,
  EntriesRefused,
} from '../../archive.port.js';
import { Connection, type Driver } from './connection.js';

/** How long EventStoreDB may take for an answer. */
export const EVENTSTORE_TIMEOUT_MS = 3_000;

export type EventStoreDbOptions = Readonly<{
  /** `esdb://user:password@host:port,…?tls=…` as EventStoreDB's clients take it. */
  url: string;
  clock: Clock;
  timeoutMs?: number;
}>;

/** Nothing of the client is there before it is used: it takes a third of a second. Connects at the first call. */
export const openEventStoreDb = async (options: EventStoreDbOptions): Promise<Archive> => {
  const driver = await import('@eventstore/db-client');
  return new EventStoreDbArchive(driver, options);
};

class EventStoreDbArchive implements Archive {
  readonly #connection: Connection;
  readonly #timeoutMs: number;
  readonly #credentials: Readonly<{ username: string; password: string }>;

  constructor(
    private readonly driver: Driver,
    { url, clock, timeoutMs = EVENTSTORE_TIMEOUT_MS }: EventStoreDbOptions,
  ) {
    this.#timeoutMs = timeoutMs;
    this.#connection = new Connection(driver, url, clock, timeoutMs);
    this.#credentials = credentialsIn(url);
  }

  async append(
    stream: string,
    entries: readonly ArchiveEntry[],
    expected: number | 'anywhere',
  ): Promise<void> {
    if (entries.length > ENTRIES_PER_APPEND_MAX)
      throw new EntriesRefused(`more than ${ENTRIES_PER_APPEND_MAX} entries`);
    const { jsonEvent } = this.driver;
    const events = entries.map(({ id, type, data, about }) =>
      jsonEvent({ id, type, data: data as Record<string, unknown>, metadata: about as Record<string, unknown> }),
    ); // prettier-ignore
    const options = {
      expectedRevision: revisionOf(expected),
      requiresLeader: true,
      deadline: this.#timeoutMs,
      // An append with credentials of its own is a call of its own, with a deadline. Without, the client puts it into a batch stream,
      // where a lost answer is waited for without end, and one that comes late ends the process. In the clear they are not sent.
      credentials: this.#credentials,
    };
    try {
      await this.#connection.call(
        (client) => client.appendToStream(stream, events, options),
        this.#isVerdict,
      );
    } catch (error) {
      if (error instanceof this.driver.WrongExpectedVersionError)
        throw new ArchiveConflict(stream, expected === 'anywhere' ? -1 : expected);
      if (this.#isVerdict(error)) throw new EntriesRefused(String(error), { cause: error });
      throw error;
    }
  }

  async newest(stream: string): Promise<ArchivedEntry | undefined> {
    for await (const entry of this.#read(stream, 'backwards', 1)) return entry;
    return undefined;
  }

  read(stream: string, direction: 'forwards' | 'backwards' = 'forwards'): AsyncIterable<ArchivedEntry> {
    return this.#read(stream, direction);
  }

  async *readAll(): AsyncGenerator<ArchivedEntry> {
    const options = { requiresLeader: true };
    for await (const resolved of this.#connection.read((client) => client.readAll(options))) {
      const entry = entryOf(resolved);
      if (entry) yield entry;
    }
  }

  close(): Promise<void> {
    this.#connection.close();
    return Promise.resolve();
  }

  async *#read(
    stream: string,
    direction: 'forwards' | 'backwards',
    maxCount?: number,
  ): AsyncGenerator<ArchivedEntry> {
    const options: ReadStreamOptions = {
      direction,
      fromRevision: direction === 'forwards' ? 'start' : 'end',
      requiresLeader: true,
      ...(maxCount === undefined ? {} : { maxCount }),
    };
    for await (const resolved of this.#connection.read((client) => client.readStream(stream, options))) {
      const entry = entryOf(resolved);
      if (entry) yield entry;
    }
  }

  /** EventStoreDB has judged the append: trying again changes nothing. */
  readonly #isVerdict = (error: unknown): boolean => {
    const { WrongExpectedVersionError, MaxAppendSizeExceededError, StreamDeletedError } = this.driver;
    return (
      error instanceof WrongExpectedVersionError ||
      error instanceof MaxAppendSizeExceededError ||
      error instanceof StreamDeletedError
    );
  };
}

const revisionOf = (expected: number | 'anywhere'): AppendExpectedRevision => {
  if (expected === 'anywhere') return 'any';
  return expected === 0 ? 'no_stream' : BigInt(expected - 1);
};

const credentialsIn = (url: string): Readonly<{ username: string; password: string }> => {
  const [, username = '', password = ''] = /^[^:]+:\/\/([^:@/]+):([^@]+)@/.exec(url) ?? [];
  return { username: decodeURIComponent(username), password: decodeURIComponent(password) };
};

/** Undefined: EventStoreDB's own, or nobody's we know. */
const entryOf = ({ event }: ResolvedEvent): ArchivedEntry | undefined => {
  if (!event?.isJson || event.streamId.startsWith('$')) return undefined;
  const { id, type, data, metadata, streamId, revision } = event;
  return {
    id,
    type,
    data: data as object,
    about: (metadata ?? {}) as object,
    stream: streamId,
    ordinal: Number(revision) + 1,
  };
};
