// The product under measurement: the all-in-one from dist/, on free ports, with a DATA_DIR of its own. Started, killed and
// started again as an operator would; ready means what /healthz says. Used by bench and accept.
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { type Child, sleep, startChild, until } from './children.js';
import { freePort } from './ports.js';
import { cpuUsOf, residentMiBOf } from '../measure/process-tree.js';
import { inRepository } from './root.js';

export const DOMAIN = 'ims.test';
export const API_KEY = 'bench-key-0123456789abcdef';
/** Who knows it may make an account. */
export const SIGNUP_CODE = 'let-me-in';
const READY_MS_MAX = 30_000;
const STOP_MS_MAX = 12_000;

const PORT_VARIABLES = [
  'BONO_PORT',
  'BONO_WS_PORT',
  'BONO_TLS_PORT',
  'BONO_WSS_PORT',
  'BONO_TRUSTED_PORT',
  'ICSCF_PORT',
  'SCSCF_PORT',
  'MMTEL_PORT',
  'DRACHTIO_PORT',
  'DRACHTIO_SIP_PORT',
  'SPROUT_HTTP_PORT',
  'MANAGEMENT_PORT',
  'HOMESTEAD_PORT',
  'HOMESTEAD_PROV_PORT',
  'CHRONOS_PORT',
  'HOMER_PORT',
  'ELLIS_PORT',
  'RALF_PORT',
] as const;
export type PortVariable = (typeof PORT_VARIABLES)[number];
export type Ports = Readonly<Record<PortVariable, number>>;

/** Ports by which a deployment is used from outside. */
export type SitePort =
  | 'BONO_PORT'
  | 'BONO_TLS_PORT'
  | 'BONO_WS_PORT'
  | 'BONO_WSS_PORT'
  | 'HOMESTEAD_PROV_PORT'
  | 'HOMER_PORT'
  | 'ELLIS_PORT';

/** Where a deployment is reached, whichever processes it is of: the product, or a cluster. */
export type Site = Readonly<{
  ports: Readonly<Record<SitePort, number>>;
  /** By the port's variable; where there is none, 127.0.0.1. */
  hosts?: Readonly<Partial<Record<SitePort, string>>>;
  env: NodeJS.ProcessEnv;
}>;

export const hostOf = ({ hosts }: Pick<Site, 'hosts'>, port: SitePort): string =>
  hosts?.[port] ?? '127.0.0.1';

export const urlOf = (site: Site, port: SitePort): string =>
  `http://${hostOf(site, port)}:${site.ports[port]}`;

export type ProductOptions = Readonly<{
  env?: Readonly<Record<string, string>>;
  /** Pins the product to these cores. */
  cpus?: string;
  /** Flags of node itself: --cpu-prof and its like. */
  nodeFlags?: readonly string[];
  echo?: boolean;
  /** Another repository than this one: the fresh clone. */
  root?: string;
}>;

export interface Product {
  readonly ports: Ports;
  readonly dataDir: string;
  readonly env: NodeJS.ProcessEnv;
  readonly pid: number;
  readonly output: () => string;
  /** From the start of the process until /healthz said 200, milliseconds. */
  readonly readyMs: number;
  start(): Promise<number>;
  /** SIGTERM; resolves with exit code and time, or kills after the bound. */
  stop(): Promise<{ code: number; tookMs: number }>;
  kill9(): Promise<void>;
  /** Stops and removes DATA_DIR. */
  dispose(): Promise<void>;
  cpuUs(): number;
  alive(): boolean;
  /** Exit code or signal; '' while it runs. */
  ending(): string;
  residentMiB(): number;
  healthz(): Promise<{ status: number; body: string }>;
}

export const freePorts = async (): Promise<Ports> => {
  const ports = {} as Record<PortVariable, number>;
  for (const name of PORT_VARIABLES) ports[name] = await freePort();
  return ports;
};

/** Environment without what npm and other runs left in it. */
export const cleanEnv = (): NodeJS.ProcessEnv =>
  Object.fromEntries(
    Object.entries(process.env).filter(
      ([name]) => !/^(npm_|NODE_OPTIONS$|INIT_CWD$)/.test(name) && !name.endsWith('_PORT'),
    ),
  );

const get = async (url: string): Promise<{ status: number; body: string }> => {
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(2000) });
    return { status: response.status, body: await response.text() };
  } catch {
    return { status: 0, body: '' };
  }
};

const environmentFor = (ports: Ports, dataDir: string, options: ProductOptions): NodeJS.ProcessEnv => ({
  ...cleanEnv(),
  HOME_DOMAIN: DOMAIN,
  DATA_DIR: dataDir,
  API_KEYS: API_KEY,
  DEMO: '0',
  LOG_LEVEL: process.env['LOG_LEVEL'] ?? 'warn',
  ...Object.fromEntries(Object.entries(ports).map(([name, port]) => [name, String(port)])),
  ...options.env,
});

const stopChild = async (child: Child): Promise<{ code: number; tookMs: number }> => {
  if (child.ended) return { code: await child.exit, tookMs: 0 };
  const startMs = performance.now();
  child.signal('SIGTERM');
  const code = await Promise.race([child.exit, sleep(STOP_MS_MAX)]);
  if (code === undefined) {
    child.signal('SIGKILL');
    await child.exit;
  }
  return { code: code ?? -1, tookMs: Math.round(performance.now() - startMs) };
};

/** Node's flags of `npm start` and what it sets for the allocator, so that what is measured is what runs. */
const startOptions = (): Readonly<{ flags: readonly string[]; env: NodeJS.ProcessEnv }> => {
  const { scripts } = JSON.parse(readFileSync(inRepository('package.json'), 'utf8')) as {
    scripts: { start: string };
  };
  const [, name, value, flags] = /(MALLOC_\w+)=(\w+) exec node (.+) dist\//.exec(scripts.start)!;
  return { flags: flags!.split(' '), env: { [name!]: value! } };
};

const untilReady = (child: Child, health: string): Promise<boolean> =>
  until('the product to be ready', READY_MS_MAX, async () => {
    if (child.ended) throw new Error(`the product exited with ${await child.exit}:\n${child.output()}`);
    return (await get(health)).status === 200 ? true : undefined;
  });

/** Makes DATA_DIR and ports; start() runs it. */
export const createProduct = async (options: ProductOptions = {}): Promise<Product> => {
  const folder = mkdtempSync(path.join(tmpdir(), 'clearwater-'));
  const dataDir = path.join(folder, 'data');
  const ports = await freePorts();
  const main = path.join(options.root ?? inRepository(), 'dist/apps/clearwater/src/main.js');
  if (!existsSync(main)) throw new Error(`${main} is absent: npm run build`);
  const env = environmentFor(ports, dataDir, options);
  const health = `http://127.0.0.1:${ports.MANAGEMENT_PORT}/healthz`;
  let child: Child | undefined;
  let readyMs = 0;
  const running = (): Child => {
    if (!child) throw new Error('the product has not been started');
    return child;
  };
  return {
    ports,
    dataDir,
    env,
    get pid() {
      return running().pid;
    },
    output: () => child?.output() ?? '',
    get readyMs() {
      return readyMs;
    },
    async start() {
      const startMs = performance.now();
      const { flags, env: allocator } = startOptions();
      const args = [...flags, ...(options.nodeFlags ?? []), main];
      const { cpus, echo = false } = options;
      child = startChild(process.execPath, args, { cwd: folder, env: { ...allocator, ...env }, cpus, echo });
      await untilReady(child, health);
      readyMs = Math.round(performance.now() - startMs);
      return readyMs;
    },
    stop: () => stopChild(running()),
    async kill9() {
      running().signal('SIGKILL');
      await running().exit;
    },
    async dispose() {
      if (child) await stopChild(child);
      rmSync(folder, { recursive: true, force: true });
    },
    cpuUs: () => cpuUsOf(running().pid),
    alive: () => child?.ended === false,
    ending: () => child?.ending() ?? '',
    residentMiB: () => residentMiBOf(running().pid),
    healthz: () => get(health),
  };
};

/** Runs `use` with a started product, and removes it whatever happens. */
export const withProduct = async <T>(
  options: ProductOptions,
  use: (product: Product) => Promise<T>,
): Promise<T> => {
  const product = await createProduct(options);
  try {
    await product.start();
    return await use(product);
  } catch (error) {
    if (!product.alive()) process.stderr.write(`the product has ended: ${product.ending()}\n`);
    const tail = product.output().slice(-2000);
    if (tail !== '') process.stderr.write(`--- output of the product ---\n${tail}\n`);
    throw error;
  } finally {
    await product.dispose();
  }
};
