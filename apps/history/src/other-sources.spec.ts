// History tells the same from the archive as from the log, word for word and as JSON.
import { Writable } from 'node:stream';
import { createMemoryArchive, MemoryArchiveServer } from '#libs/archive';
import { TOPICS } from '#libs/event-log';
import { createMemoryTableStore } from '#libs/stores';
import { ArchiveSink, type ChainHead } from '#projections/history-archive';
import { createOutput } from './cli/output.js';
import { paintOf } from './cli/paint.js';
import { runHistory } from './cli/program.js';
import type { HistorySource } from './history-source.js';
import { archiveSource, kafkaSource } from './other-sources.js';
import { ALICE, CALL_ID, ICID, type HistoryFixture, openFixture } from './testdata/morning.js';

let fixture: HistoryFixture;
let server: MemoryArchiveServer;
beforeEach(async () => {
  fixture = await openFixture();
  server = new MemoryArchiveServer();
  const sink = new ArchiveSink({
    archive: createMemoryArchive(server),
    table: createMemoryTableStore<ChainHead>({ name: 'heads' }),
    versionOf: () => 1,
  });
  const events = [];
  for await (const recorded of fixture.log.readAll(TOPICS, 'oldest')) events.push(recorded);
  await sink.apply(events, events.at(-1)?.position);
});
afterEach(() => fixture.log.close());

const asked: string[] = [];
const run = async (args: readonly string[], sources: Record<'log' | 'archive', HistorySource>) => {
  let out = '';
  const stream = new Writable({
    write(chunk: Buffer, _encoding, done) {
      out += chunk.toString();
      done();
    },
  });
  const ports = {
    open: (_dataDir: string, from: 'log' | 'archive') => {
      asked.push(from);
      return Promise.resolve(sources[from]);
    },
    output: createOutput(stream, () => undefined),
    error: (line: string) => void (out += `error: ${line}\n`),
    nowMs: () => fixture.clock.nowMs(),
    paint: paintOf(false),
    signal: new AbortController().signal,
    defaultDataDir: './data',
  };
  return { exitCode: await runHistory(ports, args), out };
};
const sources = () => ({
  log: fixture.source,
  archive: archiveSource(createMemoryArchive(server)),
});

describe.each([[], ['--json']])('%s', (...json) => {
  it.each([
    [['show', ALICE]],
    [['show', `call-${ICID}`]],
    [['show', 'registration-nobody']],
    [['show', 'alice']],
    [['state', ALICE, '--at', '-50s']],
    [['call', CALL_ID]],
    [['streams']],
    [['tail', '-n', '5']],
    [['tail', '--topic', 'charging']],
  ])('%s', async (args) => {
    const told = await run([...args, ...json], sources());
    // Of files one node wrote all; these others tell it of each event, where they can.
    const fromLog = { ...told, out: told.out.replace('  on the node of /data\n', '') };
    const fromArchive = await run([...args, '--from', 'archive', ...json], sources());
    expect(fromLog.out.length).toBeGreaterThan(10);
    // The archive knows which of its stream an event is, also where the log does not count.
    const out =
      args[0] === 'show' ? fromArchive.out : fromArchive.out.replaceAll(/"revision":\d+,(?="data")/g, '');
    expect({ ...fromArchive, out }).toEqual(fromLog);
    // What holds for Kafka's port holds for any log.
    const other = { ...sources(), log: kafkaSource({ ...logPort(), close: () => Promise.resolve() }) };
    expect(await run([...args, ...json], other)).toEqual(fromLog);
  });
});

const logPort = () => {
  const { log } = fixture;
  return {
    append: log.append.bind(log),
    read: log.read.bind(log),
    readAll: log.readAll.bind(log),
    subscribe: log.subscribe.bind(log),
  };
};

it('verifies the archive, and says what is wrong with it', async () => {
  asked.length = 0;
  expect(await run(['verify'], sources())).toEqual({
    exitCode: 0,
    out: '10 events of 4 streams in 3 chains, 0 signed heads\nwhole\n',
  });
  expect(asked).toEqual(['archive']);
  server.all.splice(1, 1);
  const { exitCode, out } = await run(['verify'], sources());
  expect(exitCode).toBe(1);
  expect(out).toContain('hang on one that is gone');
});

it('does not follow the archive, which comes behind the log', async () => {
  const { exitCode, out } = await run(['tail', '--follow', '--from', 'archive'], sources());
  expect(exitCode).toBe(2);
  expect(out).toContain('without --from archive');
});

it('follows a log on Kafka until it is told to end', async () => {
  const stop = new AbortController();
  const source = kafkaSource(logPort() as Parameters<typeof kafkaSource>[0]);
  const seen: string[] = [];
  const following = (async () => {
    for await (const { event } of source.follow(['calls'], 'oldest', stop.signal)) {
      seen.push(event.type);
      if (event.type === 'CallRedirected') stop.abort();
    }
  })();
  await fixture.append('call-new', { type: 'CallRedirected', data: {} });
  await following;
  expect(seen.at(-1)).toBe('CallRedirected');
  expect(seen.length).toBeGreaterThan(4);
});
