// A history of the product copied embedded → Kafka → embedded: the views that each log folds to, and the verdicts that each comes to, are the
// same, also when the history goes on in the copy. COPY_USERS for more of it.
import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { jest } from '@jest/globals';
import type { Recorded } from '#libs/decider';
import { type Binding, type Registration, type RegistrationEvent, UPCASTERS } from '#libs/domain';
import {
  createEmbeddedLog,
  createUpcasting,
  type EventLog,
  nodeDisk,
  openKafkaLog,
  RevisionConflict,
} from '#libs/event-log';
import { createRowsSink, startProjector, type Projection } from '#libs/projector';
import { systemClock as clock, systemRandom as random } from '#libs/runtime';
import { createMemoryKeyValueStore, createMemoryTableStore } from '#libs/stores';
import { createSeededRandom, type RealEngine, startRealEngine } from '#libs/testkit';
import { type DocumentRow, DocumentsByUser, documentsByUser } from '#projections/documents-by-user';
import { RegistrationRows, registrationsByAor } from '#projections/registrations-by-aor';
import {
  createSubscriberProfiles,
  type SubscriberProfilesRow,
  subscriberProfiles,
} from '#projections/subscriber-profiles';

jest.setTimeout(600_000);

const USERS = Number(process.env['COPY_USERS'] ?? 40);
const ROOT = path.resolve(import.meta.dirname, '../../../..');
const upcasting = createUpcasting(UPCASTERS);

let kafka: RealEngine | undefined;
let brokers = process.env['KAFKA_BROKERS'] ?? '';
let folder: string;
const prefix = `copy-${random.token(10)}`;

beforeAll(async () => {
  if (brokers === '') kafka = await startRealEngine('kafka');
  brokers ||= kafka?.endpoints.join(',') ?? '';
  folder = await mkdtemp(path.join(tmpdir(), 'log-copy-'));
  await promisify(execFile)(process.execPath, ['node_modules/typescript/bin/tsc', '-b', 'apps/clearwater'], {
    cwd: ROOT,
  });
}, 600_000);
afterAll(async () => {
  await kafka?.stop();
  await rm(folder, { recursive: true, force: true });
}, 60_000);

const isSingle = (): boolean => brokers.split(',').length < 3;
const embedded = (name: string): Promise<EventLog> =>
  createEmbeddedLog({ directory: path.join(folder, name), disk: nodeDisk, clock, random, ...upcasting });
const onKafka = (generation: number): Promise<EventLog> =>
  openKafkaLog({
    connection: { brokers: brokers.split(','), clientId: prefix },
    topicPrefix: prefix,
    generation,
    partitions: 5,
    isSingle: isSingle(),
    retentionMs: 7 * 86_400_000,
    clock,
    random,
    ...upcasting,
  });

/** `npm run log -- copy`, as an operator runs it. */
const copy = async (from: string, to: string, fromGeneration = 1): Promise<string> => {
  const { NODE_OPTIONS: _jestOptions, ...env } = process.env;
  const settings = {
    KAFKA_TOPIC_PREFIX: prefix,
    KAFKA_PARTITIONS: '5',
    KAFKA_SINGLE: isSingle() ? '1' : '0',
  };
  const words = ['copy', '--from', from, '--to', to, '--from-generation', String(fromGeneration)];
  const { stdout } = await promisify(execFile)(
    process.execPath,
    ['dist/apps/clearwater/src/cli/log.js', ...words],
    {
      cwd: ROOT,
      env: { ...env, ...settings, DATA_DIR: folder },
    },
  );
  return stdout;
};

const bindingOf = (user: string, device: number, cseq: number): Binding => ({
  bindingId: `<urn:uuid:${device}>`,
  contact: `sip:${user}@192.0.2.${device}`,
  params: '',
  q: 1,
  callId: `${user}-${device}`,
  cseq,
  expiresAtMs: clock.nowMs() + 3_600_000,
  grantedS: 3_600,
  path: [],
  impi: `${user}@ims.test`,
  impu: `sip:${user}@ims.test`,
  identities: [`sip:${user}@ims.test`],
});

/** What one user does: devices that come, refresh and go, judged removals that come too late, documents and credentials. */
const live = async (log: EventLog, n: number): Promise<void> => {
  const draw = createSeededRandom(n);
  const user = `u${n}`;
  const stream = `registration-sip:${user}@ims.test`;
  for (let step = 1; step <= 8; step++) {
    const device = Math.floor(draw.fraction() * 3);
    const data = bindingOf(user, device, step);
    const added: RegistrationEvent = { type: step < 3 ? 'BindingAdded' : 'BindingRefreshed', data };
    const [at] = await log.append(stream, [added]);
    const { bindingId, contact } = data;
    const removed = { bindingId, contact, grantedUntilMs: data.expiresAtMs };
    if (draw.fraction() < 0.3 && at) {
      // Judged before the refresh that comes first: it must not take it away, in no log.
      if (draw.fraction() < 0.5)
        await log.append(stream, [{ ...added, data: { ...data, cseq: step + 100 } }]);
      await log.append(stream, [
        { type: 'BindingRemoved', data: { ...removed, cause: 'expired', upTo: at } },
      ]);
    }
  }
  const impu = `sip:${user}@ims.test`;
  const xml = (text: string) => ({
    type: 'DocumentChanged',
    data: { impu, auid: 'x', xml: `<a>${text}</a>` },
  });
  const key = { expected: 0, idempotencyKey: 'once' };
  await log.append(`document-${impu}/x`, [xml('1'), xml('2')], key);
  await expect(log.append(`document-${impu}/x`, [xml('lost')], { expected: 1 })).rejects.toThrow(
    RevisionConflict,
  );
  await log.append(`document-${impu}/x`, [xml('3')], { expected: 2, correlationId: user });
  const credential = {
    impi: `${user}@ims.test`,
    version: `v${n}`,
    realm: 'ims.test',
    algorithms: ['MD5'],
    plaintextKept: false,
  };
  await log.append(`credential-${user}@ims.test`, [{ type: 'CredentialChanged', data: credential }], {
    expected: 0,
  });
};

type Views = Readonly<Record<string, unknown>>;

/** All views folded from the start of a log, whole: their rows with the positions in them. */
const viewsOf = async (log: EventLog): Promise<Views> => {
  const store = createMemoryKeyValueStore<Registration>({ name: 'registrations', clock });
  const rows = new RegistrationRows(store, clock);
  const documents = createMemoryTableStore<DocumentRow>({ name: 'documents' });
  const profiles = createMemoryTableStore<SubscriberProfilesRow>({ name: 'profiles' });
  const readStream = (stream: string, from: number) => log.read(stream, from);
  const sink = createRowsSink({
    projection: registrationsByAor as unknown as Projection<Registration>,
    rows: { apply: (aor, events) => rows.follow(aor, events as readonly Recorded<RegistrationEvent>[]) },
    clock,
  });
  const projectors = await Promise.all([
    startProjector({ log, clock, projection: registrationsByAor, sink }),
    startProjector({
      log,
      clock,
      projection: documentsByUser,
      sink: new DocumentsByUser({ table: documents, readStream }),
    }),
    startProjector({
      log,
      clock,
      projection: subscriberProfiles,
      sink: createSubscriberProfiles({ table: profiles, readStream }),
    }),
  ]);
  await Promise.all(projectors.map((each) => each.caughtUp()));
  expect(projectors.flatMap((each) => each.parked())).toEqual([]);
  await Promise.all(projectors.map((each) => each.stop()));
  const tables = [await documents.scan({ limit: 10_000 }), await profiles.scan({ limit: 10_000 })];
  const whole = { registrations: [...rows.all()].sort(([a], [b]) => (a < b ? -1 : 1)), tables };
  return JSON.parse(JSON.stringify(whole)) as Views;
};

/** What each log says to appends that expect the wrong revision, or that come again. */
const verdictsOf = async (log: EventLog): Promise<readonly unknown[]> => {
  const verdicts: unknown[] = [];
  for (let n = 0; n < USERS; n += 7) {
    const stream = `document-sip:u${n}@ims.test/x`;
    const changed = { type: 'DocumentChanged', data: { impu: `sip:u${n}@ims.test`, auid: 'x', xml: '<b/>' } };
    for (const options of [
      { expected: 0 },
      { expected: 2 },
      { expected: 4 },
      { expected: 0, idempotencyKey: 'once' },
    ]) {
      const outcome = await log.append(stream, [changed], options).then(
        (positions) => positions.length,
        (error: unknown) => String(error),
      );
      verdicts.push([stream, options, outcome]);
    }
    const revisions: unknown[] = [];
    for await (const { id, revision, position } of log.read(stream)) revisions.push([id, revision, position]);
    verdicts.push(revisions);
  }
  return verdicts;
};

const shownBy = async (log: EventLog): Promise<Readonly<{ views: Views; verdicts: readonly unknown[] }>> => {
  try {
    return { views: await viewsOf(log), verdicts: await verdictsOf(log) };
  } finally {
    await log.close();
  }
};

it('has the same views and the same verdicts, embedded → Kafka → embedded', async () => {
  const log = await embedded('first');
  await Promise.all(Array.from({ length: USERS }, (_, n) => live(log, n)));
  const first = await shownBy(log);

  expect(await copy(`embedded:${folder}/first`, `kafka:${brokers}`)).toMatch(/compared one by one/);
  expect(await shownBy(await onKafka(2))).toEqual(first);
  expect(await copy(`embedded:${folder}/first`, `kafka:${brokers}`)).toMatch(/by an earlier run/);

  expect(await copy(`kafka:${brokers}`, `embedded:${folder}/back`, 2)).toMatch(/compared one by one/);
  expect(await readFile(`${folder}/back/log/generation`, 'utf8')).toBe('3\n');
  expect(await shownBy(await embedded('back'))).toEqual(first);
});

it('goes on in the copy: what is new there comes after what was copied, and is copied on with it', async () => {
  const log = await onKafka(2);
  const stream = 'registration-sip:u1@ims.test';
  await log.append(stream, [{ type: 'BindingRefreshed', data: bindingOf('u1', 1, 900) }]);
  await log.append(stream, [{ type: 'BindingAdded', data: bindingOf('u1', 9, 901) }]);
  const grown = await shownBy(log);
  expect(JSON.stringify(grown.views)).toContain('"cseq":900');

  await copy(`kafka:${brokers}`, `embedded:${folder}/grown`, 2);
  expect(await shownBy(await embedded('grown'))).toEqual(grown);
  await expect(copy(`embedded:${folder}/first`, `kafka:${brokers}`)).rejects.toThrow(
    /was appended to the target/,
  );
});
