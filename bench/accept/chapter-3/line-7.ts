// 3.7: product and archive, killed and restarted at random while phones register: each event there once, in order, chained; and history
// tells the same of every stream from the log's files, from the archive, and from Kafka after the log was copied there.
// The archive is the stand-in of libs/archive, as a process: no EventStoreDB runs here (docs/archive.md).
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { archiveSource, eventJson, type HistorySource, openHistorySource } from '#apps/history';
import { openEventStoreDb } from '#libs/archive';
import { nodeDisk, TOPICS } from '#libs/event-log';
import { systemClock } from '#libs/runtime';
import { startRealEngine } from '#libs/testkit';
import { type Child, sleep, startChild, until } from '../../harness/children.js';
import type { Phone } from '../../harness/phone.js';
import { freePort } from '../../harness/ports.js';
import { cleanEnv, type Product, withProduct } from '../../harness/product.js';
import { inRepository } from '../../harness/root.js';
import { checkCall, registeredPhone } from '../checks.js';
import { runHistory } from '../history-run.js';
import { checkTests } from '../jest-run.js';
import type { Line, Report } from '../line.js';

const FULL = { kills: 16, phones: 12 };
const SHORT = { kills: 4, phones: 6 };
/** Of a kill, after the one before was mended. */
const KILL_MS_MAX = 1_500;
const DOWN_MS_MAX = 1_200;
const CAUGHT_UP_MS_MAX = 60_000;
/** Streams of each topic that the command itself is asked for. */
const SHOWN_OF_EACH = 3;

type Store = Readonly<{ url: string; start(): Promise<void>; kill(): Promise<void> }>;

/** The stand-in as a process, with a file that outlives it. */
const storeIn = async (folder: string): Promise<Store> => {
  const port = await freePort();
  const main = inRepository('dist/libs/archive/src/adapters/eventstoredb/fake/main.fixture.js');
  let child: Child | undefined;
  return {
    url: `esdb://127.0.0.1:${port}?tls=false`,
    async start() {
      const started = startChild(process.execPath, [main, String(port), path.join(folder, 'events')]);
      child = started;
      await until('the stand-in to be ready', 15_000, () =>
        started.output().includes('ready') ? true : undefined,
      );
    },
    async kill() {
      child?.signal('SIGKILL');
      await child?.exit;
    },
  };
};

const chance = (below: number): number => Math.random() * below;

/** Registers again and again until told to end; what is not answered is given up. */
const keepRegistering = (phones: readonly Phone[]) => {
  let isOver = false;
  let registered = 0;
  const each = async (phone: Phone): Promise<void> => {
    while (!isOver) {
      const answer = await phone.register().catch(() => '');
      if (answer.startsWith('SIP/2.0 200')) registered += 1;
      else await sleep(50);
    }
  };
  const all = Promise.all(phones.map(each));
  return {
    async end(): Promise<number> {
      isOver = true;
      phones.forEach((phone) => phone.abandon());
      await all;
      return registered;
    },
    /** What a killed product owes. */
    giveUp: () => phones.forEach((phone) => phone.abandon()),
  };
};

const killAtRandom = async (report: Report, product: Product, store: Store, phones: readonly Phone[], kills: number): Promise<void> => {
  const traffic = keepRegistering(phones);
  const killed = { product: 0, archive: 0, both: 0 };
  for (let n = 0; n < kills; n += 1) {
    await sleep(chance(KILL_MS_MAX));
    const whom = (['product', 'archive', 'both'] as const)[n % 3] ?? 'both';
    killed[whom] += 1;
    report.note(`kill ${n + 1} of ${kills}: ${whom}`);
    if (whom !== 'product') await store.kill();
    if (whom !== 'archive') {
      await product.kill9();
      traffic.giveUp();
    }
    await sleep(chance(DOWN_MS_MAX));
    // The product starts, and serves, also where the archive is away.
    if (whom !== 'archive') await product.start();
    if (whom !== 'product') await store.start();
  }
  await sleep(KILL_MS_MAX);
  report.figure('kills', killed);
  report.atLeast('registrations answered 200', await traffic.end(), kills);
}; // prettier-ignore

type Told = Map<string, readonly object[]>;

const toldBy = async (source: HistorySource): Promise<Told> => {
  const told: Told = new Map();
  for await (const heads of source.heads(TOPICS, 'oldest'))
    for (const head of heads) told.set(head.event().stream, []);
  for (const stream of told.keys()) {
    const events: object[] = [];
    for await (const recorded of source.read(stream)) events.push(eventJson(recorded));
    told.set(stream, events);
  }
  return told;
};

const countOf = (told: Told): number => [...told.values()].reduce((sum, events) => sum + events.length, 0);

/** All that both hold, stream by stream. */
const judgeArchive = async (report: Report, product: Product, store: Store): Promise<Told> => {
  const log = await openHistorySource({ directory: product.dataDir, disk: nodeDisk, clock: systemClock });
  const archive = archiveSource(await openEventStoreDb({ url: store.url, clock: systemClock }));
  try {
    const inLog = await toldBy(log);
    const chain = await until('the archive to catch up', CAUGHT_UP_MS_MAX, async () => {
      const found = await archive.verify?.();
      return found && found.events >= countOf(inLog) ? found : undefined;
    });
    report.figure('events', chain.events);
    report.figure('streams', chain.streams);
    report.figure('signedHeads', chain.heads);
    report.check('each event is there once', chain.events === countOf(inLog), `${chain.events} of ${countOf(inLog)}`);
    report.check('in order, chained', chain.faultCount === 0, chain.faults.join('; '));
    const inArchive = await toldBy(archive);
    report.check('the same streams are there', inArchive.size === inLog.size, `${inArchive.size} of ${inLog.size}`);
    const other = [...inLog].filter(([stream, events]) => !isDeepStrictEqual(inArchive.get(stream), events));
    report.check('each stream is told as the log tells it', other.length === 0, other.map(([stream]) => stream).join(', '));
    return inLog;
  } finally {
    await archive.close?.();
  }
}; // prettier-ignore

/** As an operator asks, for some streams of each topic. */
const show = async (product: Product, streams: readonly string[], ...more: string[]): Promise<object[]> => {
  const shown: object[] = [];
  for (const stream of streams)
    // Node's warnings about kafkajs stand between the lines.
    shown.push((await runHistory(product, 'show', stream, '--json', ...more)).json);
  return shown;
};

const someOf = (told: Told): readonly string[] => {
  const byCategory = Map.groupBy(told.keys(), (stream) => stream.slice(0, stream.indexOf('-')));
  return [...byCategory.values()].flatMap((streams) => streams.slice(0, SHOWN_OF_EACH));
};

/** The log copied into Kafka: told from there as from the files. */
const judgeKafka = async (report: Report, product: Product, streams: readonly string[], expected: readonly object[]): Promise<void> => {
  const kafka = await startRealEngine('kafka');
  try {
    const env = {
      ...cleanEnv(),
      DATA_DIR: product.dataDir,
      KAFKA_SINGLE: '1',
      KAFKA_BROKERS: kafka.endpoints.join(','),
      KAFKA_TOPIC_PREFIX: `accept-${process.pid}`,
      KAFKA_PARTITIONS: '4',
      KAFKA_GENERATION: '2',
    };
    const main = inRepository('dist/apps/clearwater/src/cli/log.js');
    const words = ['copy', '--from', `embedded:${product.dataDir}`, '--to', `kafka:${kafka.endpoints.join(',')}`, '--to-generation', '2'];
    const copy = startChild(process.execPath, [main, ...words], { env });
    report.check('the log is copied into Kafka', (await copy.exit) === 0, copy.output().slice(-500));
    const onKafka = { ...product, env: { ...env, EVENT_LOG: 'kafka' } };
    const shown = await show(onKafka, streams);
    report.check('history show gives the same from Kafka', isDeepStrictEqual(shown, expected), JSON.stringify(shown).slice(0, 500));
  } finally {
    await kafka.stop();
  }
}; // prettier-ignore

export const line: Line = {
  async run(report) {
    const { kills, phones: count } = report.quick ? SHORT : FULL;
    const folder = mkdtempSync(path.join(tmpdir(), 'archive-'));
    const store = await storeIn(folder);
    const env = { ARCHIVE: 'eventstoredb', EVENTSTORE_URL: store.url };
    report.figure('archive', 'stand-in on the client’s service definitions');
    try {
      await store.start();
      await withProduct({ env }, async (product) => {
        const phones: Phone[] = [];
        for (let n = 0; n < count; n += 1) phones.push(await registeredPhone(report, product, `phone${n}x`));
        await checkCall(report, product, 'udp', 'tcp');
        await killAtRandom(report, product, store, phones, kills);
        await checkCall(report, product, 'tcp', 'udp');
        phones.forEach((phone) => phone.close());
        const told = await judgeArchive(report, product, store);
        const streams = someOf(told);
        const fromLog = await show(product, streams);
        report.atLeast('streams asked for by command', streams.length, 6);
        const fromArchive = await show(product, streams, '--from', 'archive');
        report.check('history show gives the same from the archive', isDeepStrictEqual(fromArchive, fromLog));
        const verified = await runHistory(product, 'verify');
        report.check('history verify finds it whole', verified.code === 0, verified.text);
        const { code } = await product.stop();
        report.check('it stops cleanly', code === 0, `exit code ${code}`);
        await judgeKafka(report, product, streams, fromLog);
      });
    } finally {
      await store.kill();
      rmSync(folder, { recursive: true, force: true });
    }
    await checkTests(report, 'archive', ['libs/archive', 'projections/history-archive', 'apps/history/src/other'], {
      atLeast: 60,
    }); // prettier-ignore
  },
};
