// `npm run bench -- register`, `reregister` and `call`: CPU a flow of the product, each registration durable before its 200 OK,
// ten criteria evaluated a side of a call. With --profile one more run is profiled, summed up by function and by part.
import { SERVER_CPU } from './flows.js';
import { type CpuFigures, type Load, measureCpu, type RunOptions } from './measure/cpu-runs.js';
import { connectProfiler } from './measure/inspector.js';
import { freePort } from './harness/ports.js';
import { createProduct, type Product } from './harness/product.js';
import { progress } from './measure/report.js';
import { type MeasuredFlow, prepareFlow } from './prepared-flow.js';
import { type Profile, type ProfileSummary, summarizeProfile } from './profile.js';

export type ProductFigures = CpuFigures &
  Readonly<{
    users: number;
    residentMiB: number;
    profile?: ProfileSummary;
  }>;

export type BenchOptions = RunOptions &
  Readonly<{ users: number; profile?: boolean; env?: Readonly<Record<string, string>> }>;

export const WARM_UP_S = 4;
const PROFILED_S = 6;
/** The bench measures durable registrations, not their refusal. */
export const BENCH_ENV = { REG_MAX_EXPIRES: '3600' };

/** Measures once more with the profiler on: profiling costs a tenth. */
export const profiled = async (
  port: number,
  product: Product,
  load: Load,
  rate: number,
): Promise<ProfileSummary> => {
  const profiler = await connectProfiler(port);
  await profiler.start();
  await load(rate, rate * PROFILED_S);
  const summary = summarizeProfile((await profiler.stop()) as Profile);
  profiler.close();
  return summary;
};

const benchProduct = async (flow: MeasuredFlow, options: BenchOptions): Promise<ProductFigures> => {
  const port = options.profile ? await freePort() : 0;
  const nodeFlags = options.profile ? [`--inspect=127.0.0.1:${port}`] : [];
  const product = await createProduct({ cpus: SERVER_CPU, env: { ...BENCH_ENV, ...options.env }, nodeFlags });
  try {
    await product.start();
    const { load, dispose } = await prepareFlow(
      flow,
      `127.0.0.1:${product.ports.BONO_PORT}`,
      options.users,
      product,
    );
    try {
      await load(options.rate, options.rate * WARM_UP_S);
      const figures = await measureCpu(product, load, options);
      const profile = options.profile ? { profile: await profiled(port, product, load, options.rate) } : {};
      return { ...figures, users: options.users, residentMiB: product.residentMiB(), ...profile };
    } finally {
      await dispose();
    }
  } catch (error) {
    if (!product.alive()) progress(`the product has ended: ${product.ending()}`);
    process.stderr.write(product.output().slice(-2000));
    throw error;
  } finally {
    await product.dispose();
  }
};

export const benchRegister = (options: BenchOptions): Promise<ProductFigures> =>
  benchProduct('register', options);

export const benchReregister = (options: BenchOptions): Promise<ProductFigures> =>
  benchProduct('reregister', options);

export const benchCall = (options: BenchOptions): Promise<ProductFigures> => benchProduct('call', options);
