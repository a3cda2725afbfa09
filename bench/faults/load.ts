// The load under which faults are played: SIPp registers users and carries calls, each at a rate and with every answer on record, and phones of ours register
// at both edges with a contact of its own each time, so that what they were told 200 for can be looked for afterwards. Used by play.ts.
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { firstHeader, statusOf } from '#libs/testkit';
import type { Acknowledged } from '../accept/acknowledged.js';
import { sleep } from '../harness/children.js';
import type { BenchCluster } from '../harness/cluster.js';
import { createFleet, type Fleet } from '../harness/fleet.js';
import { createPhone, type Phone } from '../harness/phone.js';
import { freePort } from '../harness/ports.js';
import { DOMAIN } from '../harness/product.js';
import { allSucceeded, runSipp, type SippOptions, type SippResult, startSipp } from '../harness/sipp.js';
import { DEVICES, PASSWORD, type User, usersOf, writeUsersFile } from '../harness/users.js';
import { type Answer, NO_ANSWER } from './answers.js';
import type { FaultBench } from './charged.js';
import { answersIn, callsIn, PATIENCE_MS } from './sipp-record.js';

/** Users a…, and as many b…, in quarters: SIPp's callers and callees, those that SIPp registers, phones at the edges that register, phones that rest. */
export const USERS_A_PART = 20;
export const USERS = 4 * USERS_A_PART;
const AT_ONCE_MAX = 2_000;
/** Of one registration by SIPp. */
const REFRESH_MS = 2_500;
const EDGES = [1, 2] as const;
export type Edge = (typeof EDGES)[number];
/** A call that got something else than it waits for ends, without a BYE of SIPp's own; so does one that gets nothing. */
const GOES_ON = ['-default_behaviors', 'all,-bye', '-recv_timeout', String(PATIENCE_MS + 5_000)];

export type Rates = Readonly<{ sippRegistersPerS: number; phoneRegistersPerS: number; callsPerS: number }>;

export type Loaded = Readonly<{
  answers: readonly Answer[];
  sipp: Readonly<Record<'registrations' | 'calls' | 'answering', SippResult>>;
  /** Call-IDs of the calls that came to who is called. */
  called: ReadonlySet<string>;
}>;

/** Which edge SIPp's clients are at, and which of several sets of users they and the phones are: loads may stand beside each other. */
export type LoadPlace = Readonly<{
  edge: Edge;
  set: number;
  sets: number;
  /** A phone that is refused 503 registers at the other edge (RFC 3263 §4.3). */
  goesElsewhere?: boolean;
}>;
const ALONE: LoadPlace = { edge: 1, set: 0, sets: 1 };

export type FaultLoad = Readonly<{
  /** What each phone was last told 200 for, by the mark of its contact. */
  acknowledged: Acknowledged;
  /** `user mark` of all that were acknowledged. */
  marks: ReadonlySet<string>;
  /** One at each edge, registered before anything failed and never since: who calls them comes on the flow of then. */
  rested: readonly [Phone, Phone];
  /** Starts the load; the result stops it and says what everybody was told. */
  start(rates: Rates): Promise<() => Promise<Loaded>>;
  /** One request to register from each of its sockets at an edge, those of SIPp's where it does not run: what each was told. */
  refreshAt(edge: Edge): Promise<readonly Answer[]>;
  close(): void;
}>;

/** Of whom the HSS has to know, where there is one. */
export const everybody = (): readonly User[] => ['a', 'b'].flatMap((prefix) => usersOf(prefix, USERS));

const part = (prefix: string, n: number, { set, sets }: LoadPlace): readonly User[] =>
  usersOf(prefix, sets * USERS).slice(set * USERS + n * USERS_A_PART, set * USERS + (n + 1) * USERS_A_PART);

/** A SIPp that notes every message. */
const noted = (folder: string, name: string, options: SippOptions) => {
  const file = path.join(folder, `${name}-${Date.now()}.log`);
  const extra = [...(options.extra ?? []), '-trace_shortmsg', '-shortmessage_file', file];
  const run = startSipp({ ...options, extra });
  return {
    async stop(): Promise<Readonly<{ result: SippResult; text: string }>> {
      const result = await run.stop();
      return { result, text: existsSync(file) ? readFileSync(file, 'utf8') : '' };
    },
  };
};

/** Of one that asks: what it was told. */
const recorded = (folder: string, name: string, edge: Edge, options: SippOptions) => {
  const run = noted(folder, name, { ...options, extra: GOES_ON, callsAtOnceMax: AT_ONCE_MAX });
  return {
    async stop(): Promise<Readonly<{ result: SippResult; answers: readonly Answer[] }>> {
      const { result, text } = await run.stop();
      return { result, answers: answersIn(text, edge, Date.now()) };
    },
  };
};

let lastMark = 0;

/** Registers one phone after the other until it is stopped; resolves once all have been answered, or not. */
const registerPhones = (fleets: readonly Fleet[], perS: number, load: Pick<FaultLoad, 'acknowledged'> & { marks: Set<string>; elsewhere: readonly Fleet[] }) => {
  const answers: Answer[] = [];
  const busy = new Set<Phone>();
  const pending = new Set<Promise<void>>();
  /** Edges that have sent phones away: they are one device with many lines, and all of them go. */
  const left = new Set<number>();
  let isOver = false;
  const register = async (fleet: Fleet, phone: Phone, edge: number): Promise<number> => {
    const mark = (lastMark += 1);
    const sentMs = Date.now();
    const response = await phone.register({ contact: fleet.contact(phone, mark), expires: 3600 }).catch(() => '');
    const status = response === '' ? NO_ANSWER : (statusOf(response) ?? NO_ANSWER);
    const retryAfter = firstHeader(response, 'Retry-After') !== undefined;
    const answeredMs = Date.now();
    const other = status === 503 ? load.elsewhere[edge - 1] : undefined;
    if (other !== undefined) left.add(edge);
    const same = other?.phones.find(({ user }) => user.name === phone.user.name);
    const isTakenElsewhere = same !== undefined && (await register(other!, same, EDGES.length + 1 - edge)) === 200;
    answers.push({ method: 'REGISTER', status, isChallenge: false, retryAfter, isTakenElsewhere, edge, sentMs, answeredMs });
    if (status !== 200) return status;
    load.acknowledged.set(phone, String(mark));
    load.marks.add(`${phone.user.name} ${mark}`);
    return status;
  };
  const run = async (): Promise<void> => {
    for (let n = 0; !isOver; n += 1) {
      const home = EDGES[n % EDGES.length]!;
      const edge = left.has(home) ? EDGES.length + 1 - home : home;
      const fleet = (edge === home ? fleets : load.elsewhere)[home - 1]!;
      const phone = fleet.phones[Math.floor(n / EDGES.length) % fleet.phones.length]!;
      if (!busy.has(phone)) {
        busy.add(phone);
        const one = register(fleet, phone, edge).then(() => {
          busy.delete(phone);
          pending.delete(one);
        });
        pending.add(one);
      }
      await sleep(1_000 / perS);
    }
    await Promise.all(pending);
  };
  const running = run();
  return {
    async stop(): Promise<readonly Answer[]> {
      isOver = true;
      await running;
      return answers;
    },
  };
}; // prettier-ignore

/** As a refresh of what it has registered. */
const askedOnce = async (phone: Phone, edge: number): Promise<Answer> => {
  const sentMs = Date.now();
  const response = await phone.register({ expires: 3600 }).catch(() => '');
  const retryAfter = firstHeader(response, 'Retry-After') !== undefined;
  return { method: 'REGISTER', status: statusOf(response) ?? NO_ANSWER, isChallenge: false, retryAfter, edge, sentMs, answeredMs: Date.now() };
}; // prettier-ignore

/** Registered over UDP at this edge, for an hour. */
const restingAt = async (bench: BenchCluster, edge: number, place: LoadPlace): Promise<Phone> => {
  const [user] = part(edge === 1 ? 'a' : 'b', 3, place);
  const phone = await createPhone({ transport: 'udp', host: bench.bono(edge), port: 5060, user: user!, domain: DOMAIN, password: PASSWORD });
  const response = await phone.register({ expires: 3600 });
  if (statusOf(response) !== 200) throw new Error(`${user!.name} is not registered: ${response.split('\r\n', 1)[0]}`);
  return phone;
}; // prettier-ignore

/** Provisions, registers who calls and is called, and opens the phones. */
export const prepareLoad = async (bench: FaultBench, place: LoadPlace = ALONE): Promise<FaultLoad> => {
  const { edge, set, sets } = place;
  if (bench.hss === undefined && set === 0) await bench.provision(sets * USERS);
  const folder = mkdtempSync(path.join(tmpdir(), 'faults-'));
  const target = `${bench.bono(edge)}:5060`;
  const file = (name: string, users: readonly User[], called: readonly User[], device: string): string =>
    writeUsersFile(folder, name, users, called, device);
  const [callers, callees] = [part('a', 0, place), part('b', 0, place)];
  const callerFile = file('callers', callers, callees, DEVICES.caller);
  const calleeFile = file('callees', callees, callers, DEVICES.callee);
  const registerFile = file('registered', part('a', 1, place), part('a', 1, place), DEVICES.caller);
  const [callerPort, calleePort, registerPort] = [await freePort(), await freePort(), await freePort()];
  for (const [localPort, usersFile] of [[callerPort, callerFile], [calleePort, calleeFile]] as const) {
    const keys = { contact: `127.0.0.1:${localPort}`, expires: '3600' };
    const options = { scenario: 'reg-auth', target, localPort, usersFile, rate: 20, calls: USERS_A_PART, keys };
    allSucceeded(`registration from port ${localPort}`, await runSipp(options), USERS_A_PART);
  }
  const fleetAt = (at: Edge, users: Edge): Promise<Fleet> =>
    createFleet({ transport: 'udp', host: bench.bono(at), port: 5060 }, part(users === 1 ? 'a' : 'b', 2, place));
  const fleets = await Promise.all(EDGES.map((at) => fleetAt(at, at)));
  const elsewhere = place.goesElsewhere === true ? [await fleetAt(2, 1), await fleetAt(1, 2)] : [];
  const [atFirst, atSecond] = await Promise.all(EDGES.map((at) => restingAt(bench, at, place)));
  const [acknowledged, marks] = [new Map<Phone, string>(), new Set<string>()];
  return {
    acknowledged,
    marks,
    rested: [atFirst!, atSecond!],
    async start({ sippRegistersPerS, phoneRegistersPerS, callsPerS }) {
      const keys = { contact: `127.0.0.1:${registerPort}`, expires: '3600' };
      const answering = noted(folder, 'answering', { scenario: 'call-uas', localPort: calleePort });
      await sleep(300);
      const calls = recorded(folder, 'calls', edge, { scenario: 'call-uac', target, localPort: callerPort, usersFile: callerFile, rate: callsPerS });
      const registrations = recorded(folder, 'registrations', edge, { scenario: 'reg-auth-again', target, localPort: registerPort, usersFile: registerFile, rate: sippRegistersPerS, keys });
      const phones = registerPhones(fleets, phoneRegistersPerS, { acknowledged, marks, elsewhere });
      return async () => {
        const [byPhones, called, registered] = await Promise.all([phones.stop(), calls.stop(), registrations.stop()]);
        const answered = await answering.stop();
        const sipp = { registrations: registered.result, calls: called.result, answering: answered.result };
        return { answers: [...byPhones, ...called.answers, ...registered.answers], sipp, called: callsIn(answered.text) };
      };
    },
    async refreshAt(at) {
      const answers: Answer[] = [];
      const phones = [fleets[at - 1], elsewhere[EDGES.length - at]].flatMap((fleet) => fleet?.phones.slice(0, 1) ?? []);
      for (const phone of [...phones, at === 1 ? atFirst! : atSecond!]) answers.push(await askedOnce(phone, at));
      const clients = at === edge ? ([[callerPort, callerFile], [calleePort, calleeFile], [registerPort, registerFile]] as const) : [];
      for (const [localPort, usersFile] of clients) {
        const keys = { contact: `127.0.0.1:${localPort}`, expires: '3600' };
        const one = recorded(folder, `refresh-${localPort}`, edge, { scenario: 'reg-auth', target, localPort, usersFile, rate: 1, calls: 1, keys });
        await sleep(REFRESH_MS);
        answers.push(...(await one.stop()).answers);
      }
      return answers;
    },
    close() {
      for (const fleet of [...fleets, ...elsewhere]) fleet.close();
      for (const phone of [atFirst, atSecond]) phone?.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}; // prettier-ignore
