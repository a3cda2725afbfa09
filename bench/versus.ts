// `npm run bench -- register --vs kamailio` (and call): product and peer in the same run, in turn, round by round. Both are up all
// the time on the same core; who is not measured is idle. What a machine costs drifts by a third within an hour: the ratio of
// one round does not, and its spread over the rounds says how far to believe it. The peer may be another build of the product
// (`--vs <folder of a built clone>`): what did a change cost?
import { SERVER_CPU } from './flows.js';
import type { Load } from './measure/cpu-runs.js';
import { startKamailio } from './harness/kamailio.js';
import { createProduct, type Product, withProduct } from './harness/product.js';
import { median, progress, round } from './measure/report.js';
import { prepareFlow } from './prepared-flow.js';

export type VersusFlow = 'register' | 'call';
export type VersusOptions = Readonly<{
  rate: number;
  seconds: number;
  /** Rounds of both. */
  runs: number;
  users: number;
  peer: PeerChoice;
}>;
/** Kamailio, that writes its registrations through to SQLite or does not; or a built clone of this repository. */
export type PeerChoice = Readonly<{ kind: 'kamailio'; sqlite: boolean } | { kind: 'build'; root: string }>;

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
const ENV = { REG_MAX_EXPIRES: '3600' };

type Peer = Readonly<{
  name: string;
  port: number;
  /** The peer's users have to be provisioned. */
  product?: Product;
  cpuUs(): number;
  dispose(): unknown;
}>;

const startPeer = async (choice: PeerChoice): Promise<Peer> => {
  if (choice.kind === 'kamailio') {
    const peer = await startKamailio({ cpus: SERVER_CPU, sqlite: choice.sqlite });
    return { ...peer, name: choice.sqlite ? 'Kamailio with SQLite' : 'Kamailio' };
  }
  const product = await createProduct({ root: choice.root, cpus: SERVER_CPU, env: ENV });
  await product.start();
  return {
    name: choice.root,
    port: product.ports.BONO_PORT,
    product,
    cpuUs: () => product.cpuUs(),
    dispose: () => product.dispose(),
  };
};

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
  withProduct({ cpus: SERVER_CPU, env: ENV }, async (product) => {
    const { rate, seconds, users } = options;
    const peer = await startPeer(options.peer);
    const own = await prepareFlow(flow, `127.0.0.1:${product.ports.BONO_PORT}`, users, product);
    const others = await prepareFlow(flow, `127.0.0.1:${peer.port}`, users, peer.product);
    try {
      const sides: readonly Side[] = [
        { name: 'product', cpuUs: () => product.cpuUs(), load: own.load },
        { name: peer.name, cpuUs: () => peer.cpuUs(), load: others.load },
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
        ratio: round(median(ratios), 2),
        ratioSpread: [Math.min(...ratios), Math.max(...ratios)],
        failed,
      };
    } finally {
      await own.dispose();
      await others.dispose();
      await peer.dispose();
    }
  });
