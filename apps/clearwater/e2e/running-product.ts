// The built product as a child process on free ports, for end-to-end tests. SPROUT_LINK and HOMESTEAD_LINK are taken from
// the environment of the test run, so that the same tests run with real sockets inside.
import { type ChildProcess, spawn } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { createSocket } from 'node:dgram';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Phone } from '#libs/phone';
import { systemClock as clock, systemRandom as random } from '#libs/runtime';

const MAIN = path.resolve(import.meta.dirname, '../../../dist/apps/clearwater/src/main.js');
const READY_MS_MAX = 30_000;
const PORTS = [
  'BONO_PORT', 'BONO_WS_PORT', 'BONO_TRUSTED_PORT', 'ICSCF_PORT', 'SCSCF_PORT', 'MMTEL_PORT', 'SPROUT_HTTP_PORT', 'MANAGEMENT_PORT',
  'HOMESTEAD_PORT', 'HOMESTEAD_PROV_PORT', 'DRACHTIO_PORT', 'DRACHTIO_SIP_PORT', 'CHRONOS_PORT', 'HOMER_PORT', 'ELLIS_PORT', 'RALF_PORT',
] as const; // prettier-ignore
export type PortName = (typeof PORTS)[number];

export type Subscriber = Readonly<{ impu: string; impi: string; password: string }>;

/** Below the ports that outgoing connections take: one of those may be gone before the product binds it. */
const [PORT_MIN, PORT_MAX] = [20_000, 32_000];
const PORTS_TRIED_MAX = 200;
const given = new Set<number>();

/** A port that is free for TCP and for UDP, given once. */
export const freePort = async (): Promise<number> => {
  for (let tried = 0; tried < PORTS_TRIED_MAX; tried++) {
    const port = randomInt(PORT_MIN, PORT_MAX);
    if (given.has(port) || !(await isFree(port))) continue;
    given.add(port);
    return port;
  }
  throw new Error(`no free port between ${PORT_MIN} and ${PORT_MAX}`);
};

const isFree = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const tcp = createServer().once('error', () => resolve(false));
    tcp.listen(port, '127.0.0.1', () => {
      const udp = createSocket('udp4').once('error', () => tcp.close(() => resolve(false)));
      udp.bind(port, '127.0.0.1', () => udp.close(() => tcp.close(() => resolve(true))));
    });
  });

export const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

export type Ended = Readonly<{ code: number | null; signal: NodeJS.Signals | null; output: string }>;

/** Runs main.js to its end. */
export const runToEnd = (env: NodeJS.ProcessEnv): Promise<Ended> =>
  new Promise((resolve) => {
    const child = spawn(process.execPath, [MAIN], { env, cwd: tmpdir(), stdio: ['ignore', 'pipe', 'pipe'] });
    let output = '';
    child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()));
    child.stderr.on('data', (chunk: Buffer) => (output += chunk.toString()));
    child.on('exit', (code, signal) => resolve({ code, signal, output }));
  });

export class RunningProduct {
  #child: ChildProcess | undefined;
  #ended: Promise<Ended['code']> = Promise.resolve(null);
  readonly #phones: Phone[] = [];

  private constructor(
    readonly dataDir: string,
    readonly ports: Readonly<Record<PortName, number>>,
    readonly env: NodeJS.ProcessEnv,
  ) {}

  /** Starts on free ports with a data folder of its own. */
  static async start(env: Readonly<Record<string, string>> = {}): Promise<RunningProduct> {
    const ports = {} as Record<PortName, number>;
    for (const name of PORTS) ports[name] = await freePort();
    const dataDir = mkdtempSync(path.join(tmpdir(), 'clearwater-e2e-'));
    const numbers = Object.fromEntries(Object.entries(ports).map(([name, port]) => [name, String(port)]));
    const { NODE_OPTIONS: _jestOptions, ...inherited } = process.env;
    const product = new RunningProduct(dataDir, ports, {
      ...inherited,
      LOG_LEVEL: 'warn',
      DATA_DIR: dataDir,
      ...numbers,
      ...env,
    });
    try {
      await product.launch();
    } catch (error) {
      // Nobody else could end it.
      await product.close();
      throw error;
    }
    return product;
  }

  get pid(): number {
    return this.#child?.pid ?? 0;
  }

  /** Starts the process again on the same folder and ports; resolves with how long it took until ready, ms. */
  async launch(): Promise<number> {
    const startMs = performance.now();
    const child = spawn(process.execPath, [MAIN], { env: this.env, cwd: tmpdir(), stdio: 'ignore' });
    this.#child = child;
    this.#ended = new Promise((resolve) => child.on('exit', resolve));
    while (performance.now() - startMs < READY_MS_MAX) {
      if ((await this.health()) === 200) return performance.now() - startMs;
      if (child.exitCode !== null) throw new Error(`the product ended at its start, with ${child.exitCode}`);
      await sleep(20);
    }
    throw new Error('the product was not ready in time');
  }

  async health(): Promise<number> {
    try {
      return (await fetch(`http://127.0.0.1:${this.ports.MANAGEMENT_PORT}/healthz`)).status;
    } catch {
      return 0;
    }
  }

  demo(name: 'alice' | 'bob'): Subscriber {
    const all = JSON.parse(readFileSync(path.join(this.dataDir, 'demo.json'), 'utf8')) as Subscriber[];
    const found = all.find(({ impi }) => impi.startsWith(name));
    if (found === undefined) throw new Error(`no demo subscriber ${name}`);
    return found;
  }

  /** A phone of a demo subscriber, closed with the product. */
  async phone(name: 'alice' | 'bob', transport: 'udp' | 'tcp' = 'udp'): Promise<Phone> {
    const { password } = this.demo(name);
    const server = { address: '127.0.0.1', port: this.ports.BONO_PORT };
    const account = { user: name, domain: 'ims.test', password, server };
    const phone = await Phone.start({ ...account, transport, address: '127.0.0.1', clock, random });
    this.#phones.push(phone);
    return phone;
  }

  /** Ends the process with a signal; resolves with its exit code. */
  async end(signal: NodeJS.Signals): Promise<number | null> {
    this.#child?.kill(signal);
    return this.#ended;
  }

  async close(): Promise<void> {
    await Promise.all(this.#phones.map((phone) => phone.close()));
    await this.end('SIGKILL');
    rmSync(this.dataDir, { recursive: true, force: true });
  }
}
