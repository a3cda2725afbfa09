// `npm run bench -- secure`: CPU of a registration, and of a registration with a call, over TLS against TCP: the same load on one product, in turn,
// round by round. Over TCP a client is its connection, so who calls registers on it first. TLS by way of stunnel, which is not counted.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { makeCertificate } from '#libs/sip';
import { LOAD_CPU, SERVER_CPU } from './flows.js';
import { freePort } from './harness/ports.js';
import { type Product, withProduct } from './harness/product.js';
import { median, progress, round } from './measure/report.js';
import { runSipp, type SippOptions, type SippResult, type SippRun, startSipp } from './harness/sipp.js';
import { startStunnel } from './harness/stunnel.js';
import { DEVICES, provision, usersOf, writeUsersFile } from './harness/users.js';

export type SecureOptions = Readonly<{
  rate: number;
  seconds: number;
  /** Rounds of both. */
  runs: number;
  users: number;
}>;

type Flow = 'register' | 'call';
type Round = Readonly<{ tcpUs: number; tlsUs: number; ratio: number }>;

export type SecureFigures = Readonly<{
  rate: number;
  rounds: Readonly<Record<Flow, readonly Round[]>>;
  /** Medians of the rounds' ratios. */
  registerRatio: number;
  callRatio: number;
  failed: number;
}>;

const WARM_UP_S = 2;
const AT_ONCE_MAX = 2_000;

type Side = Readonly<{ name: string; load(flow: Flow, flows: number, rate: number): Promise<SippResult>; dispose(): Promise<void> }>; // prettier-ignore

const CALLEE_MS_MAX = 20_000;

/** Everybody's SIPp on one target: callees stay on their connection, callers come on another a run. */
const openSide = async (name: string, target: string, folder: string, users: number): Promise<Side> => {
  const [callers, callees] = [usersOf(`${name}a`, users), usersOf(`${name}b`, users)];
  const callerFile = writeUsersFile(folder, `${name}-callers`, callers, callees, DEVICES.caller);
  const calleeFile = writeUsersFile(folder, `${name}-callees`, callees, callers, DEVICES.callee);
  const common = async (scenario: string, usersFile: string): Promise<SippOptions> => {
    const localPort = await freePort();
    const keys = { contact: `127.0.0.1:${localPort}`, expires: '3600' };
    const options = {
      scenario,
      usersFile,
      localPort,
      keys,
      target,
      transport: 'tcp',
      cpus: LOAD_CPU,
    } as const;
    return { ...options, callsAtOnceMax: AT_ONCE_MAX };
  };
  const answering: SippRun = startSipp({
    ...(await common('callee-connection', calleeFile)),
    rate: 200,
    calls: users,
    outOfCall: 'call-uas',
    timeoutS: 3_600,
  });
  const scenarios = { register: 'reg-auth', call: 'register-and-call' } as const;
  return {
    name,
    load: async (flow, flows, rate) =>
      runSipp({ ...(await common(scenarios[flow], callerFile)), rate, calls: flows }),
    dispose: async () => void (await answering.stop()),
  };
};

const measure = async (product: Product, side: Side, flow: Flow, options: SecureOptions) => {
  const { rate, seconds } = options;
  const before = product.cpuUs();
  const { successful, failed } = await side.load(flow, rate * seconds, rate);
  const us = (product.cpuUs() - before) / Math.max(1, successful);
  progress(`${flow} over ${side.name}: ${round(us)} µs a flow, ${successful} done, ${failed} failed`);
  return { us, failed };
};

const playRounds = async (
  product: Product,
  tcp: Side,
  tls: Side,
  options: SecureOptions,
): Promise<SecureFigures> => {
  const rounds: Record<Flow, Round[]> = { register: [], call: [] };
  let failed = 0;
  for (const flow of ['register', 'call'] as const) {
    for (const side of [tcp, tls]) await side.load(flow, options.rate * WARM_UP_S, options.rate);
    for (let n = 0; n < options.runs; n += 1) {
      const plain = await measure(product, tcp, flow, options);
      const secure = await measure(product, tls, flow, options);
      failed += plain.failed + secure.failed;
      const ratio = round(secure.us / plain.us, 2);
      rounds[flow].push({ tcpUs: round(plain.us), tlsUs: round(secure.us), ratio });
    }
  }
  const ratioOf = (flow: Flow): number => median(rounds[flow].map(({ ratio }) => ratio));
  return {
    rate: options.rate,
    rounds,
    registerRatio: ratioOf('register'),
    callRatio: ratioOf('call'),
    failed,
  };
};

const withCertificate = async <T>(
  folder: string,
  use: (env: Readonly<{ TLS_CERT_FILE: string; TLS_KEY_FILE: string }>) => Promise<T>,
): Promise<T> => {
  const { cert, key } = await makeCertificate(['127.0.0.1'], performance.timeOrigin);
  const [certFile, keyFile] = [path.join(folder, 'edge.crt'), path.join(folder, 'edge.key')];
  writeFileSync(certFile, cert);
  writeFileSync(keyFile, key);
  return use({ TLS_CERT_FILE: certFile, TLS_KEY_FILE: keyFile });
};

export const benchSecure = async (options: SecureOptions): Promise<SecureFigures> => {
  const folder = mkdtempSync(path.join(tmpdir(), 'secure-'));
  const sides: Side[] = [];
  try {
    return await withCertificate(folder, (tls) => {
      const env = { REG_MAX_EXPIRES: '3600', ...tls };
      return withProduct({ cpus: SERVER_CPU, env }, async (product) => {
        const { users } = options;
        const all = ['tcpa', 'tcpb', 'tlsa', 'tlsb'].flatMap((name) => usersOf(name, users));
        await provision(product, all);
        const stunnel = await startStunnel(product.ports.BONO_TLS_PORT, tls.TLS_CERT_FILE, LOAD_CPU);
        try {
          sides.push(await openSide('tcp', `127.0.0.1:${product.ports.BONO_PORT}`, folder, users));
          sides.push(await openSide('tls', stunnel.target, folder, users));
          // All callees have registered by then.
          await new Promise((resolve) => setTimeout(resolve, Math.min(CALLEE_MS_MAX, 1_000 + users * 6)));
          const [tcp, secure] = sides as [Side, Side];
          return await playRounds(product, tcp, secure, options);
        } finally {
          for (const side of sides) await side.dispose();
          await stunnel.dispose();
        }
      });
    });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
};
