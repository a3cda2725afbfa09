// The two flows that are measured, as loads on any SIP server at host:port: an authenticated registration (REGISTER, 401,
// REGISTER, 200) and a complete call (INVITE … BYE 200). Users register and call from one port: a client is its flow.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { Load } from './measure/cpu-runs.js';
import { freePort } from './harness/ports.js';
import { allSucceeded, runSipp, startSipp, type SippRun } from './harness/sipp.js';
import { DEVICES, type User, usersOf, writeUsersFile } from './harness/users.js';

/** SIPp runs here, the server on the other core. */
export const SERVER_CPU = '0';
export const LOAD_CPU = '1';
const AT_ONCE_MAX = 2000;
const REGISTER_RATE = 500;

const registrationsOf = async (
  target: string,
  count: number,
  scenario: string,
  flowsACall: number,
): Promise<Readonly<{ users: readonly User[]; load: Load; dispose(): void }>> => {
  const folder = mkdtempSync(path.join(tmpdir(), 'users-'));
  const users = usersOf('a', count);
  const usersFile = writeUsersFile(folder, 'register', users, users, DEVICES.caller);
  const localPort = await freePort();
  const load: Load = async (rate, flows) => {
    const result = await runSipp({
      scenario,
      target,
      localPort,
      usersFile,
      rate: rate / flowsACall,
      calls: Math.ceil(flows / flowsACall),
      callsAtOnceMax: AT_ONCE_MAX,
      keys: { contact: `127.0.0.1:${localPort}`, expires: '3600' },
      cpus: LOAD_CPU,
    });
    return { ...result, successful: result.successful * flowsACall };
  };
  return { users, load, dispose: () => rmSync(folder, { recursive: true, force: true }) };
};

/** Registrations of `count` users from one port, again and again. */
export const prepareRegistrations = (target: string, count: number) =>
  registrationsOf(target, count, 'reg-auth', 1);

/** What a call of rereg-auth.xml makes: REGISTERs that are answered 200 at once, after one challenge. */
const REFRESHES_A_CALL = 20;

/** The same users refreshing with the nonce that they have: a flow is one REGISTER and its 200. */
export const prepareRefreshes = (target: string, count: number) =>
  registrationsOf(target, count, 'rereg-auth', REFRESHES_A_CALL);

/** Calls from user a… to user b…, once `register` has run; callees answer as long as dispose() was not called. */
export const prepareCalls = async (
  target: string,
  count: number,
  [from, to]: readonly [string, string] = ['a', 'b'],
  ports?: Readonly<{ callerPort: number; calleePort: number }>,
) => {
  const folder = mkdtempSync(path.join(tmpdir(), 'users-'));
  const callers = usersOf(from, count);
  const callees = usersOf(to, count);
  const callerFile = writeUsersFile(folder, 'callers', callers, callees, DEVICES.caller);
  const calleeFile = writeUsersFile(folder, 'callees', callees, callers, DEVICES.callee);
  const callerPort = ports?.callerPort ?? (await freePort());
  const calleePort = ports?.calleePort ?? (await freePort());
  let answering: SippRun | undefined;

  const registerFrom = (localPort: number, usersFile: string, rate: number, calls: number) =>
    runSipp({
      scenario: 'reg-auth',
      target,
      localPort,
      usersFile,
      rate,
      calls,
      callsAtOnceMax: AT_ONCE_MAX,
      keys: { contact: `127.0.0.1:${localPort}`, expires: '3600' },
      cpus: LOAD_CPU,
    });

  const load: Load = (rate, flows) =>
    runSipp({
      scenario: 'call-uac',
      target,
      localPort: callerPort,
      usersFile: callerFile,
      rate,
      calls: flows,
      callsAtOnceMax: AT_ONCE_MAX,
      cpus: LOAD_CPU,
    });
  return {
    callers,
    callees,
    load,
    /** The callers register again and again. */
    registerAt: (rate: number, calls: number) => registerFrom(callerPort, callerFile, rate, calls),
    /** Both sides register, then the callees answer on their port. */
    async register(calleeScenario = 'call-uas') {
      for (const [port, file] of [
        [callerPort, callerFile],
        [calleePort, calleeFile],
      ] as const) {
        allSucceeded(
          `registration from port ${port}`,
          await registerFrom(port, file, REGISTER_RATE, count),
          count,
        );
      }
      answering = startSipp({ scenario: calleeScenario, localPort: calleePort, cpus: LOAD_CPU });
    },
    async dispose() {
      const result = await answering?.stop();
      rmSync(folder, { recursive: true, force: true });
      return result;
    },
  };
};
