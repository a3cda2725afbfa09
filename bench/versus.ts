// `npm run bench -- register --vs kamailio` (and call): product and peer in the same run, in turn, round by round. Both are up all
// the time on the same core; who is not measured is idle. What a machine costs drifts by a third within an hour: the ratio of
// one round does not, and its spread over the rounds says how far to believe it.
import { SERVER_CPU } from './flows.js';
import type { Load } from './harness/cpu-runs.js';
import { startKamailio } from './harness/kamailio.js';
import { withProduct } from './harness/product.js';
import { median, progress, round } from './harness/report.js';
import { prepareFlow } from './prepared-flow.js';

export type VersusFlow = 'register' | 'call';
export type VersusOptions = Readonly<{
  rate: number;
  seconds: number;
  /** Rounds of both. */
  runs: number;
  users: number;
  /** The peer writes its registrations through to SQLite. */
  sqlite?: boolean;
}>;

type Side = Readonly<{ name: string; cpuUs(): number; load: Load }>;
type Round = Readonly<{ productUs: number; peerUs: number; ratio: number }>;

export type VersusFigures = Readonly<{
  rate: number;
  rounds: readonly Round[];
  cpuUsPerFlow: number;
  peerCpuUsPerFlow: number;
  /** Median of the rounds' ratios, and the least and the most of them. */
  ratio: number;
  ratioSpread: readonly [least: number, most: number];
  failed: number;
}>;

const WARM_UP_S = 3;

const measure = async (
  { name, cpuUs, load }: Side,
  rate: number,
  seconds: number,
): Promise<Readonly<{ us: number; failed: number }>> => {
  const before = cpuUs();
  const { successful, failed } = await load(rate, rate * seconds);
  const us = (cpuUs() - before) / Math.max(1, successful);
  progress(`${name}: ${round(us)} µs a flow, ${successful} done, ${failed} failed`);
  return { us, failed };
};

export const benchVersus = (flow: VersusFlow, options: VersusOptions): Promise<VersusFigures> =>
  withProduct({ cpus: SERVER_CPU, env: { REG_MAX_EXPIRES: '3600' } }, async (product) => {
    const { rate, seconds, users, sqlite = false } = options;
    const peer = await startKamailio({ cpus: SERVER_CPU, sqlite });
    const own = await prepareFlow(flow, `127.0.0.1:${product.ports.BONO_PORT}`, users, product);
    const others = await prepareFlow(flow, `127.0.0.1:${peer.port}`, users);
    try {
      const sides: readonly Side[] = [
        { name: 'product', cpuUs: () => product.cpuUs(), load: own.load },
        { name: sqlite ? 'Kamailio with SQLite' : 'Kamailio', cpuUs: () => peer.cpuUs(), load: others.load },
      ];
      for (const { load } of sides) await load(rate, rate * WARM_UP_S);
      const rounds: Round[] = [];
      let failed = 0;
      for (let n = 0; n < options.runs; n += 1) {
        const [mine, its] = [
          await measure(sides[0]!, rate, seconds),
          await measure(sides[1]!, rate, seconds),
        ];
        failed += mine.failed;
        rounds.push({ productUs: round(mine.us), peerUs: round(its.us), ratio: round(mine.us / its.us, 2) });
      }
      const ratios = rounds.map(({ ratio }) => ratio);
      return {
        rate,
        rounds,
        cpuUsPerFlow: median(rounds.map(({ productUs }) => productUs)),
        peerCpuUsPerFlow: median(rounds.map(({ peerUs }) => peerUs)),
        ratio: median(ratios),
        ratioSpread: [Math.min(...ratios), Math.max(...ratios)],
        failed,
      };
    } finally {
      await own.dispose();
      await others.dispose();
      await peer.dispose();
    }
  });
