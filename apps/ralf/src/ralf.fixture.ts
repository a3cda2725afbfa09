// Ralf against CDFs that answer what a test tells them, over the real peer machine on a simulated network, on a log in memory. For specs.
import { APPLICATIONS, type Body, createDiameterNode, createMemoryNetwork, type Described, describeAvps, type DiameterNode, isRetransmitted, type Message } from '#libs/diameter'; // prettier-ignore
import { type ChargingEvent, streamOfCharging } from '#libs/domain';
import { createMemoryLog, createSoleOwner, type EmbeddedLog, MemoryDisk, type PartitionOwners } from '#libs/event-log'; // prettier-ignore
import { createRowsSink, startProjector } from '#libs/projector';
import { createMetrics } from '#libs/runtime';
import { createFakeClock, createSeededRandom, type FakeClock } from '#libs/testkit';
import { ChargingSessions, chargingSessions } from '#projections/charging-sessions';
import { Cdfs } from './cdfs.js';
import { createRalf, type Ralf } from './ralf.js';
import { createRfClient } from './rf-client.js';
import { createRfTally } from './rf-tally.js';
import { peersOf } from './start-ralf.js';

export const START_MS = Date.UTC(2030, 0, 1);
export const NAMES = { sessionHost: 'ralf.ims.test', billingRealm: 'ims.test', serviceContextId: '10.32260@3gpp.org' }; // prettier-ignore
export const TIMES = { interimS: 0, sessionMaxS: 3_600, startWaitS: 600 };
const SETTLED_MS = 50;

export type Seen = Readonly<{
  cdf: string;
  session: string;
  number: number;
  type: number;
  again: boolean;
  /** It has not said no: it has taken it, or says nothing. */
  isTaken: boolean;
  avps: Readonly<Record<string, Described | Described[]>>;
}>;
/** undefined: it does not answer. */
type Answering = (request: Message) => Body | undefined;

export const success = (more: Body = {}): Body => ({ 'Result-Code': 2001, ...more });

const placesOf = (n: number) => [`at${n}`, `cdf${n}.ims.test`];

/** The CDFs `cdf1.ims.test`, …, at `at1`, … and at their names, and what they saw. */
export const createCdfs = async (clock: FakeClock, count: number) => {
  const network = createMemoryNetwork(clock);
  const seen: Seen[] = [];
  const answers = new Map<number, Answering>();
  const nodes: DiameterNode[] = [];
  for (let n = 1; n <= count; n++) {
    const host = `cdf${n}.ims.test`;
    const node = createDiameterNode({
      host,
      realm: 'ims.test',
      applications: [APPLICATIONS.accounting],
      transport: network,
      clock,
      random: createSeededRandom(host),
      welcome: () => true,
    });
    node.handle('ACR', async (request) => {
      const { avps } = request;
      const answer = answers.has(n) ? answers.get(n)?.(request) : success();
      seen.push({
        cdf: `cdf${n}`,
        session: avps.get('Session-Id') ?? '',
        number: avps.get('Accounting-Record-Number') ?? 0,
        type: avps.get('Accounting-Record-Type') ?? 0,
        again: isRetransmitted(request),
        isTaken: (answer?.['Result-Code'] ?? 2001) === 2001,
        avps: describeAvps(avps),
      });
      return answer ?? new Promise<Body>(() => undefined);
    });
    for (const at of placesOf(n)) await node.listen({ host: at, port: 3868 });
    nodes.push(node);
  }
  return {
    network,
    seen,
    answer: (n: number, how: Body | Answering | undefined) =>
      void answers.set(n, typeof how === 'function' ? how : () => how),
    /** What they saw since last time: `cdf1 2 START`, with a T where it was sent again. */
    told: () => seen.splice(0).map(({ cdf, number, type, again }) => `${cdf} ${number} ${['', 'EVENT', 'START', 'INTERIM', 'STOP'][type]}${again ? ' T' : ''}`), // prettier-ignore
    down: (n: number) => {
      for (const at of placesOf(n)) {
        network.deaf(at, true);
        network.cut(at);
      }
    },
    up: (n: number) => placesOf(n).forEach((at) => network.deaf(at, false)),
    close: () => Promise.all(nodes.map((node) => node.stop())),
  };
};
export type TestCdfs = Awaited<ReturnType<typeof createCdfs>>;

export type LifeOptions = Readonly<{
  clock: FakeClock;
  cdfs: TestCdfs;
  peers?: readonly string[];
  disk?: MemoryDisk;
  log?: EmbeddedLog;
  owners?: PartitionOwners;
  times?: Partial<typeof TIMES>;
  /** Between log and Ralf, for tests of its faults. */
  appends?: (log: EmbeddedLog) => Pick<EmbeddedLog, 'append'>;
  waitingMax?: number;
  window?: number;
  host?: string;
}>;

const openSessions = async (log: EmbeddedLog, clock: FakeClock, waitingMax: number) => {
  const sessions = new ChargingSessions({ waitingMax });
  const sink = createRowsSink({
    projection: { name: chargingSessions.name, keyOf: ({ stream }) => stream },
    rows: sessions,
    clock,
  });
  const projector = await startProjector({ log, clock, projection: chargingSessions, sink });
  await Promise.race([projector.caughtUp(), sessions.full]);
  return { sessions, projector };
};

/** One life of Ralf on the disk or the log that is given. */
export const startLife = async (options: LifeOptions) => {
  const { clock, cdfs, peers: named = ['at1', 'at2'], disk = new MemoryDisk(), host = 'ralf-1.ims.test', times } = options; // prettier-ignore
  const random = createSeededRandom(host);
  const log = options.log ?? (await createMemoryLog({ clock, random, disk }));
  const { sessions, projector } = await openSessions(log, clock, options.waitingMax ?? 1_000);
  const peers = peersOf(named);
  const metrics = createMetrics();
  const node = createDiameterNode({ host, realm: 'ims.test', applications: [APPLICATIONS.accounting], peers, transport: cdfs.network, clock, random }); // prettier-ignore
  const isUp = (peer: string) => node.peers().some((one) => one.isTrusted && one.host === peer);
  const rf = createRfClient({
    node,
    cdfs: new Cdfs(peers, isUp, () => clock.nowMs()),
    clock,
    tally: createRfTally(metrics),
    names: NAMES,
    timeoutMs: 1_000,
  });
  const refused: string[] = [];
  const ralf: Ralf = createRalf({
    sessions,
    caughtUp: () => projector.caughtUp(),
    log: options.appends?.(log) ?? log,
    owners: options.owners ?? createSoleOwner(),
    rf,
    clock,
    random,
    times: { ...TIMES, ...times },
    window: options.window ?? 8,
    observe: {
      notRecorded: () => undefined,
      defect: (stream, error) => void refused.push(`${stream} ${String(error)}`),
      refused: (stream, result) => void refused.push(`${stream} ${result}`),
    },
  });
  node.start();
  await clock.advanceAsync(SETTLED_MS);
  ralf.accountant.start();
  await clock.advanceAsync(SETTLED_MS);
  return {
    ralf,
    log,
    sessions,
    metrics,
    refused,
    /** Facts of a session, appended as a router does, and what comes of them at once. */
    async append(session: string, ...events: readonly ChargingEvent[]) {
      await log.append(streamOf(session), events);
      await clock.advanceAsync(SETTLED_MS);
    },
    /** As kill -9: nothing of it goes on. */
    vanish() {
      ralf.accountant.stop();
      for (const { host: peer } of node.peers()) cdfs.network.cut(peer.split(':')[0] ?? '');
    },
    async stop() {
      ralf.accountant.stop();
      sessions.letGo();
      await projector.stop();
      const stopped = node.stop();
      await clock.advanceAsync(10_000);
      await stopped;
      if (options.log === undefined) await log.close();
    },
  };
};
export type Life = Awaited<ReturnType<typeof startLife>>;

export const streamOf = (session: string): string => streamOfCharging(session, 'd', 0);

export const newClock = (): FakeClock => createFakeClock(START_MS);

const parties = (icid: string, ccf: readonly string[]) =>
  ({ icid, callId: `call-${icid}`, nodeFunctionality: 0, role: 0, method: 'INVITE', callingParty: ['sip:alice@ims.test'], calledParty: 'sip:bob@ims.test', ccf, ecf: [] }) as const; // prettier-ignore

export const started = (icid = 'a', ccf: readonly string[] = [], atMs = START_MS): ChargingEvent => ({
  type: 'ChargingStarted',
  data: { ...parties(icid, ccf), requestAtMs: atMs - 1_500, answerAtMs: atMs },
});
export const continued = (atMs = START_MS + 1_000): ChargingEvent => ({
  type: 'ChargingContinued',
  data: { method: 'UPDATE', atMs },
});
export const stopped = (atMs = START_MS + 2_000): ChargingEvent => ({
  type: 'ChargingStopped',
  data: { causeCode: 0, atMs },
});
