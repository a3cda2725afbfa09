// `npm run bench -- cx` and `rf`: registrations (UAR, MAR, SAR) a second against our HSS, accounting requests a second against our CDF, which
// writes and syncs each record before it answers. The server is a process of its own; the client is this one. Both on this machine.
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { APPLICATIONS, type Application, type Body, createDiameterNode, createTcpTransport, type DiameterNode, type Outcome, type RequestShort } from '#libs/diameter'; // prettier-ignore
import { systemClock, systemRandom } from '#libs/runtime';
import { cpuUsOf } from './measure/process-tree.js';
import { median, progress, quantile, round } from './measure/report.js';
import { inRepository } from './harness/root.js';

const USERS = 10_000;
const AT_ONCE = 128;
const WARM_UP_S = 2;
const SCSCF = 'sip:scscf.ims.test:5054;transport=tcp';

type Server = Readonly<{ process: ChildProcess; port: number; stop(): Promise<void> }>;

/** A program of ours on a port that is free, ready when it says so. */
const startServer = async (app: 'hss' | 'cdf', args: readonly string[]): Promise<Server> => {
  const main = inRepository(`dist/apps/${app}/src/main.js`);
  const child = spawn(process.execPath, [main, '--listen', '127.0.0.1:0', ...args], {
    stdio: ['pipe', 'ignore', 'pipe'],
  });
  const port = await new Promise<number>((resolve, reject) => {
    let text = '';
    child.once('exit', () => reject(new Error(`${app} ended: ${text}`)));
    child.stderr.on('data', (bytes: Buffer) => {
      text = `${text}${bytes.toString()}`.slice(-2000);
      const [, found] = / on 127\.0\.0\.1:(\d+)/.exec(text) ?? [];
      if (found !== undefined) resolve(Number(found));
    });
  });
  return {
    process: child,
    port,
    stop: () =>
      new Promise((resolve) => {
        child.once('exit', () => resolve());
        child.kill('SIGTERM');
      }),
  };
};

const connect = async (host: string, port: number, application: Application): Promise<DiameterNode> => {
  const node = createDiameterNode({
    host: 'bench.ims.test',
    realm: 'ims.test',
    applications: [application],
    peers: [{ host, address: { host: '127.0.0.1', port } }],
    transport: createTcpTransport(),
    clock: systemClock,
    random: systemRandom,
  });
  node.start();
  if (!(await node.whenUp(10_000))) throw new Error(`${host} did not let us in`);
  return node;
};

const succeeded = (outcome: Outcome, short: RequestShort): void => {
  if (outcome.kind !== 'answered' || ![2001, 2002].includes(outcome.result?.code ?? 0))
    throw new Error(`${short}: ${JSON.stringify(outcome).slice(0, 300)}`);
};

type Load = Readonly<{ seconds: number; server: Server; one(n: number): Promise<void> }>;

/** So many at once, each with the next when it has its answer; the first seconds do not count. */
const load = async ({ seconds, server, one }: Load) => {
  const latencies: number[] = [];
  const startMs = performance.now();
  const fromMs = startMs + WARM_UP_S * 1000;
  const endMs = fromMs + seconds * 1000;
  let n = 0;
  let cpu = { server: 0, client: process.cpuUsage() };
  let isCounting = false;
  const worker = async (): Promise<void> => {
    for (let nowMs = performance.now(); nowMs < endMs; ) {
      await one(n++);
      const doneMs = performance.now();
      if (nowMs >= fromMs) latencies.push(doneMs - nowMs);
      if (!isCounting && doneMs >= fromMs) {
        isCounting = true;
        cpu = { server: cpuUsOf(server.process.pid ?? 0), client: process.cpuUsage() };
      }
      nowMs = doneMs;
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
  const client = process.cpuUsage(cpu.client);
  return {
    perS: round(latencies.length / seconds, 0),
    p50Ms: round(median(latencies)),
    p99Ms: round(quantile(latencies, 0.99)),
    cpuUsServer: round((cpuUsOf(server.process.pid ?? 0) - cpu.server) / latencies.length),
    cpuUsClient: round((client.user + client.system) / latencies.length),
  };
}; // prettier-ignore

const inFolder = async <T>(run: (folder: string) => Promise<T>): Promise<T> => {
  const folder = mkdtempSync(path.join(tmpdir(), 'bench-diameter-'));
  try {
    return await run(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
};

export type DiameterBench = Readonly<{ seconds: number }>;

/** Rounds of UAR, MAR (SIP Digest) and SAR, a user each. */
export const benchCx = ({ seconds }: DiameterBench): Promise<object> =>
  inFolder(async (folder) => {
    const file = path.join(folder, 'subscribers.csv');
    const users = Array.from({ length: USERS }, (_, n) => `u${n}@ims.test`);
    writeFileSync(file, users.map((impi) => `sip:${impi},${impi},ims.test,secret`).join('\n'));
    const server = await startServer('hss', ['--subscribers', file, '--quiet']);
    try {
      const node = await connect('hss.ims.test', server.port, APPLICATIONS.cx);
      const visited = Buffer.from('ims.test');
      const ask = async (short: RequestShort, body: Body): Promise<void> =>
        succeeded(await node.request(short, body, { timeoutMs: 10_000 }), short);
      const one = async (n: number): Promise<void> => {
        const impi = users[n % USERS] ?? '';
        const user = { 'User-Name': impi, 'Public-Identity': `sip:${impi}` };
        await ask('UAR', { ...user, 'Visited-Network-Identifier': visited, 'User-Authorization-Type': 0 });
        await ask('MAR', { ...user, 'SIP-Auth-Data-Item': { 'SIP-Authentication-Scheme': 'SIP Digest' }, 'SIP-Number-Auth-Items': 1, 'Server-Name': SCSCF });
        await ask('SAR', { ...user, 'Server-Name': SCSCF, 'Server-Assignment-Type': 1, 'User-Data-Already-Available': 0 });
      };
      progress(`UAR, MAR and SAR for ${seconds} s, ${AT_ONCE} at once`);
      const figures = await load({ seconds, server, one });
      await node.stop();
      return { unit: 'rounds', atOnce: AT_ONCE, ...figures };
    } finally {
      await server.stop();
    }
  }); // prettier-ignore

const acr = (n: number): Body => ({
  'Session-Id': `bench.ims.test;${n}`,
  'Accounting-Record-Type': 2,
  'Accounting-Record-Number': 1,
  'User-Name': 'alice@ims.test',
  'Event-Timestamp': 1_900_000_000,
  'Service-Context-Id': '32260@3gpp.org',
  'Service-Information': {
    'Subscription-Id': { 'Subscription-Id-Type': 2, 'Subscription-Id-Data': 'sip:alice@ims.test' },
    'IMS-Information': {
      'Event-Type': { 'SIP-Method': 'INVITE' },
      'Role-Of-Node': 0,
      'Node-Functionality': 0,
      'User-Session-Id': `call-${n}@10.0.0.1`,
      'Calling-Party-Address': ['sip:alice@ims.test', 'tel:+15551234'],
      'Called-Party-Address': 'sip:bob@ims.test',
      'IMS-Charging-Identifier': `icid-${n}`,
    },
  },
});

/** ACRs, a session each. */
export const benchRf = ({ seconds }: DiameterBench): Promise<object> =>
  inFolder(async (folder) => {
    const server = await startServer('cdf', ['--out', folder]);
    try {
      const node = await connect('cdf.ims.test', server.port, APPLICATIONS.accounting);
      const one = async (n: number): Promise<void> =>
        succeeded(await node.request('ACR', acr(n), { timeoutMs: 10_000 }), 'ACR');
      progress(`ACRs for ${seconds} s, ${AT_ONCE} at once`);
      const figures = await load({ seconds, server, one });
      await node.stop();
      return { unit: 'ACRs', atOnce: AT_ONCE, ...figures };
    } finally {
      await server.stop();
    }
  });
