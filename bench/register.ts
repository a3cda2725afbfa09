// `npm run bench -- register` and `call`: CPU a flow of the product, each registration durable before its 200 OK, ten criteria
// evaluated a side of a call. With --profile the product writes a CPU profile, summed up by function and by part.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { prepareCalls, prepareRegistrations, SERVER_CPU } from './flows.js';
import { type CpuFigures, measureCpu, type RunOptions } from './harness/cpu-runs.js';
import { TEN_CRITERIA } from './harness/criteria.js';
import { createProduct, type Product } from './harness/product.js';
import { progress } from './harness/report.js';
import { provision, type User } from './harness/users.js';
import { type ProfileSummary, summarizeProfile } from './profile.js';

export type ProductFigures = CpuFigures &
  Readonly<{
    users: number;
    residentMiB: number;
    profile?: ProfileSummary;
  }>;

export type BenchOptions = RunOptions &
  Readonly<{ users: number; profile?: boolean; env?: Readonly<Record<string, string>> }>;

const WARM_UP_S = 4;
/** The bench measures durable registrations, not their refusal. */
const ENV = { REG_MAX_EXPIRES: '3600' };

const withPinnedProduct = async (
  options: BenchOptions,
  run: (product: Product) => Promise<CpuFigures>,
): Promise<ProductFigures> => {
  const profiles = mkdtempSync(path.join(tmpdir(), 'profile-'));
  const nodeFlags = options.profile ? ['--cpu-prof', `--cpu-prof-dir=${profiles}`] : [];
  const product = await createProduct({ cpus: SERVER_CPU, env: { ...ENV, ...options.env }, nodeFlags });
  try {
    await product.start();
    const figures = await run(product);
    const residentMiB = product.residentMiB();
    await product.stop();
    const profile = options.profile ? { profile: summarizeProfile(profiles) } : {};
    return { ...figures, users: options.users, residentMiB, ...profile };
  } catch (error) {
    if (!product.alive()) progress(`the product has ended: ${product.ending()}`);
    process.stderr.write(product.output().slice(-2000));
    throw error;
  } finally {
    await product.dispose();
    rmSync(profiles, { recursive: true, force: true });
  }
};

const provisionAll = async (
  product: Product,
  users: readonly User[],
  filterCriteria?: string,
): Promise<void> => {
  const startMs = performance.now();
  await provision(product, users, filterCriteria === undefined ? {} : { filterCriteria });
  progress(`${users.length} subscribers provisioned in ${Math.round(performance.now() - startMs)} ms`);
};

export const benchRegister = (options: BenchOptions): Promise<ProductFigures> =>
  withPinnedProduct(options, async (product) => {
    const flows = await prepareRegistrations(`127.0.0.1:${product.ports.BONO_PORT}`, options.users);
    try {
      await provisionAll(product, flows.users);
      await flows.load(options.rate, options.rate * WARM_UP_S);
      return await measureCpu(product, flows.load, options);
    } finally {
      flows.dispose();
    }
  });

export const benchCall = (options: BenchOptions): Promise<ProductFigures> =>
  withPinnedProduct(options, async (product) => {
    const flows = await prepareCalls(`127.0.0.1:${product.ports.BONO_PORT}`, options.users);
    try {
      await provisionAll(product, [...flows.callers, ...flows.callees], TEN_CRITERIA);
      await flows.register();
      await flows.load(options.rate, options.rate * WARM_UP_S);
      return await measureCpu(product, flows.load, options);
    } finally {
      await flows.dispose();
    }
  });
