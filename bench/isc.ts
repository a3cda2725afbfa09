// `npm run bench -- isc`: what a hop through an application server adds to a call, CPU of the product. Two populations on one
// product call in turn: both have the ten criteria of `bench -- call`, one of them an eleventh that names a SIPp server, which
// takes each INVITE over TCP, gives it back by its Route and passes on what comes of it (bench/sipp/server-gives-back.xml).
import { LOAD_CPU, prepareCalls, SERVER_CPU } from './flows.js';
import type { Load, RunOptions } from './measure/cpu-runs.js';
import { criteriaWithServer, TEN_CRITERIA } from './harness/criteria.js';
import { freePort } from './harness/ports.js';
import { type Product, withProduct } from './harness/product.js';
import { median, progress, round } from './measure/report.js';
import { startSipp } from './harness/sipp.js';
import { provision } from './harness/users.js';
import type { ProfileSummary } from './profile.js';
import { BENCH_ENV, profiled, WARM_UP_S } from './register.js';

export type IscFigures = Readonly<{
  /** What the hop adds: median of the rounds' differences. */
  hopCpuUs: number;
  hops: readonly number[];
  cpuUsPerFlow: number;
  cpuUsPerPlainFlow: number;
  rate: number;
  flows: number;
  failed: number;
  profile?: ProfileSummary;
}>;

export type IscOptions = RunOptions & Readonly<{ users: number; profile?: boolean }>;

const measure = async (product: Product, load: Load, { rate, seconds }: RunOptions) => {
  const before = product.cpuUs();
  const { successful, failed, errors } = await load(rate, rate * seconds);
  if (failed > 0) progress(errors.slice(0, 1000));
  return { us: (product.cpuUs() - before) / Math.max(1, successful), failed };
};

/** Callers that are asked to go by the server, and others; each with callees of its own. */
const prepareBoth = async (product: Product, users: number, server: string) => {
  const target = `127.0.0.1:${product.ports.BONO_PORT}`;
  const plain = await prepareCalls(target, users, ['a', 'b']);
  const served = await prepareCalls(target, users, ['c', 'd']);
  await provision(product, [...plain.callers, ...plain.callees, ...served.callees], {
    filterCriteria: TEN_CRITERIA,
  });
  await provision(product, served.callers, { filterCriteria: criteriaWithServer(server) });
  await plain.register('call-uas-rings');
  await served.register('call-uas-rings');
  return { plain, served, dispose: () => Promise.all([plain.dispose(), served.dispose()]) };
};

const run = async (product: Product, options: IscOptions, inspected: number): Promise<IscFigures> => {
  const { rate, runs, seconds, users } = options;
  const localPort = await freePort();
  const server = startSipp({ scenario: 'server-gives-back', localPort, transport: 'tcp', cpus: LOAD_CPU });
  const { plain, served, dispose } = await prepareBoth(
    product,
    users,
    `sip:127.0.0.1:${localPort};transport=tcp`,
  );
  try {
    for (const { load } of [plain, served]) await load(rate, rate * WARM_UP_S);
    const rounds: Readonly<{ plain: number; served: number; failed: number }>[] = [];
    for (let turn = 0; turn < runs; turn += 1) {
      const without = await measure(product, plain.load, options);
      const by = await measure(product, served.load, options);
      rounds.push({ plain: without.us, served: by.us, failed: without.failed + by.failed });
      progress(
        `${rate}/s for ${seconds} s: ${round(without.us)} µs without the hop, ${round(by.us)} with it`,
      );
    }
    const hops = rounds.map((one) => round(one.served - one.plain));
    return {
      hopCpuUs: median(hops),
      hops,
      cpuUsPerFlow: round(median(rounds.map((one) => one.served))),
      cpuUsPerPlainFlow: round(median(rounds.map((one) => one.plain))),
      rate,
      flows: rate * seconds,
      failed: rounds.reduce((sum, { failed }) => sum + failed, 0),
      ...(inspected === 0 ? {} : { profile: await profiled(inspected, product, served.load, rate) }),
    };
  } finally {
    await dispose();
    const { successful } = await server.stop();
    progress(`the server gave back ${successful} requests`);
  }
};

export const benchIsc = async (options: IscOptions): Promise<IscFigures> => {
  const inspected = options.profile === true ? await freePort() : 0;
  const nodeFlags = inspected === 0 ? [] : [`--inspect=127.0.0.1:${inspected}`];
  return withProduct({ cpus: SERVER_CPU, env: BENCH_ENV, nodeFlags }, (product) =>
    run(product, options, inspected),
  );
};
