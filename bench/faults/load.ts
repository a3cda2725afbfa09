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
const EDGES = [1, 2] as const;
/** A call that got something else than it waits for ends, without a BYE of SIPp's own; so does one that gets nothing. */
const GOES_ON = ['-default_behaviors', 'all,-bye', '-recv_timeout', String(PATIENCE_MS + 5_000)];

export type Rates = Readonly<{ sippRegistersPerS: number; phoneRegistersPerS: number; callsPerS: number }>;

export type Loaded = Readonly<{
  answers: readonly Answer[];
  sipp: Readonly<Record<'registrations' | 'calls' | 'answering', SippResult>>;
  /** Call-IDs of the calls that came to who is called. */
  called: ReadonlySet<string>;
}>;

export type FaultLoad = Readonly<{
  /** What each phone was last told 200 for, by the mark of its contact. */
  acknowledged: Acknowledged;
  /** `user mark` of all that were acknowledged. */
  marks: ReadonlySet<string>;
  /** One at each edge, registered before anything failed and never since: who calls them comes on the flow of then. */
  rested: readonly [Phone, Phone];
  /** Starts the load; the result stops it and says what everybody was told. */
  start(rates: Rates): Promise<() => Promise<Loaded>>;
  close(): void;
}>;

/** Of whom the HSS has to know, where there is one. */
export const everybody = (): readonly User[] => ['a', 'b'].flatMap((prefix) => usersOf(prefix, USERS));

const part = (prefix: string, n: number): readonly User[] =>
  usersOf(prefix, USERS).slice(n * USERS_A_PART, (n + 1) * USERS_A_PART);

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
const recorded = (folder: string, name: string, options: SippOptions) => {
  const run = noted(folder, name, { ...options, extra: GOES_ON, callsAtOnceMax: AT_ONCE_MAX });
  return {
    async stop(): Promise<Readonly<{ result: SippResult; answers: readonly Answer[] }>> {
      const { result, text } = await run.stop();
      return { result, answers: answersIn(text, 1, Date.now()) };
    },
  };
};

let lastMark = 0;

/** Registers one phone after the other until it is stopped; resolves once all have been answered, or not. */
const registerPhones = (fleets: readonly Fleet[], perS: number, load: Pick<FaultLoad, 'acknowledged'> & { marks: Set<string> }) => {
  const answers: Answer[] = [];
  const busy = new Set<Phone>();
  const pending = new Set<Promise<void>>();
  let isOver = false;
  const register = async (fleet: Fleet, phone: Phone, edge: number): Promise<void> => {
    const mark = (lastMark += 1);
    const sentMs = Date.now();
    const response = await phone.register({ contact: fleet.contact(phone, mark), expires: 3600 }).catch(() => '');
    const status = response === '' ? NO_ANSWER : (statusOf(response) ?? NO_ANSWER);
    const retryAfter = firstHeader(response, 'Retry-After') !== undefined;
    answers.push({ method: 'REGISTER', status, isChallenge: false, retryAfter, edge, sentMs, answeredMs: Date.now() });
    if (status !== 200) return;
    load.acknowledged.set(phone, String(mark));
    load.marks.add(`${phone.user.name} ${mark}`);
  };
  const run = async (): Promise<void> => {
    for (let n = 0; !isOver; n += 1) {
      const edge = EDGES[n % EDGES.length]!;
      const fleet = fleets[edge - 1]!;
      const phone = fleet.phones[Math.floor(n / EDGES.length) % fleet.phones.length]!;
      if (!busy.has(phone)) {
        busy.add(phone);
        const one = register(fleet, phone, edge).finally(() => {
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

/** Registered over UDP at this edge, for an hour. */
const restingAt = async (bench: BenchCluster, edge: number): Promise<Phone> => {
  const [user] = part(edge === 1 ? 'a' : 'b', 3);
  const phone = await createPhone({ transport: 'udp', host: bench.bono(edge), port: 5060, user: user!, domain: DOMAIN, password: PASSWORD });
  const response = await phone.register({ expires: 3600 });
  if (statusOf(response) !== 200) throw new Error(`${user!.name} is not registered: ${response.split('\r\n', 1)[0]}`);
  return phone;
}; // prettier-ignore

/** Provisions, registers who calls and is called, and opens the phones. */
export const prepareLoad = async (bench: FaultBench): Promise<FaultLoad> => {
  if (bench.hss === undefined) await bench.provision(USERS);
  const folder = mkdtempSync(path.join(tmpdir(), 'faults-'));
  const target = `${bench.bono(1)}:5060`;
  const file = (name: string, users: readonly User[], called: readonly User[], device: string): string =>
    writeUsersFile(folder, name, users, called, device);
  const [callers, callees] = [part('a', 0), part('b', 0)];
  const callerFile = file('callers', callers, callees, DEVICES.caller);
  const calleeFile = file('callees', callees, callers, DEVICES.callee);
  const registerFile = file('registered', part('a', 1), part('a', 1), DEVICES.caller);
  const [callerPort, calleePort, registerPort] = [await freePort(), await freePort(), await freePort()];
  for (const [localPort, usersFile] of [[callerPort, callerFile], [calleePort, calleeFile]] as const) {
    const keys = { contact: `127.0.0.1:${localPort}`, expires: '3600' };
    const options = { scenario: 'reg-auth', target, localPort, usersFile, rate: 20, calls: USERS_A_PART, keys };
    allSucceeded(`registration from port ${localPort}`, await runSipp(options), USERS_A_PART);
  }
  const fleets = await Promise.all(
    EDGES.map((edge) =>
      createFleet({ transport: 'udp', host: bench.bono(edge), port: 5060 }, part(edge === 1 ? 'a' : 'b', 2)),
    ),
  );
  const [atFirst, atSecond] = await Promise.all(EDGES.map((edge) => restingAt(bench, edge)));
  const [acknowledged, marks] = [new Map<Phone, string>(), new Set<string>()];
  return {
    acknowledged,
    marks,
    rested: [atFirst!, atSecond!],
    async start({ sippRegistersPerS, phoneRegistersPerS, callsPerS }) {
      const keys = { contact: `127.0.0.1:${registerPort}`, expires: '3600' };
      const answering = noted(folder, 'answering', { scenario: 'call-uas', localPort: calleePort });
      await sleep(300);
      const calls = recorded(folder, 'calls', { scenario: 'call-uac', target, localPort: callerPort, usersFile: callerFile, rate: callsPerS });
      const registrations = recorded(folder, 'registrations', { scenario: 'reg-auth-again', target, localPort: registerPort, usersFile: registerFile, rate: sippRegistersPerS, keys });
      const phones = registerPhones(fleets, phoneRegistersPerS, { acknowledged, marks });
      return async () => {
        const [byPhones, called, registered] = await Promise.all([phones.stop(), calls.stop(), registrations.stop()]);
        const answered = await answering.stop();
        const sipp = { registrations: registered.result, calls: called.result, answering: answered.result };
        return { answers: [...byPhones, ...called.answers, ...registered.answers], sipp, called: callsIn(answered.text) };
      };
    },
    close() {
      for (const fleet of fleets) fleet.close();
      for (const phone of [atFirst, atSecond]) phone?.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}; // prettier-ignore
