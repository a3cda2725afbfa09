// 1.7: CPU a registration flow and a call, of the whole process tree, events durable; with profiles in docs/performance.md.
// Judged as written, in microseconds, and beside it in peers of the same run, as microseconds are those of one machine.
import { round } from '../../measure/report.js';
import { slowness } from '../../measure/slowness.js';
import { benchPeerCall, benchPeerRegister } from '../../peer.js';
import { hasProfile } from '../../performance-page.js';
import { benchCall, benchRegister, type ProductFigures } from '../../register.js';
import type { Line, Report } from '../line.js';

/** For the machine on which the peer costs PEER_US: docs/performance.md, "Microseconds of which machine". */
const LIMITS_US = { register: 120, call: 320 } as const;
/** Kamailio 5.6.3 with its fast allocator, of the same flows, where the limits were set. */
const PEER_US = { register: 19, call: 81 } as const;
/** Half of one core at the limit. */
const RATES = { register: 4000, call: 1500 } as const;
/**
 * The short form is one short run on whatever machine it meets, beside other work and without a peer: it finds what costs a
 * multiple of what this machine should take (measure/slowness.ts), not what costs a percent. The limits themselves are judged by the full form alone.
 */
const SHORT_FORM = {
  factor: 5,
  rates: { register: 800, call: 250 },
  size: { seconds: 4, runs: 1, users: 300 },
} as const;
const FULL_SIZE = {
  register: { seconds: 10, runs: 5, users: 4000 },
  call: { seconds: 10, runs: 5, users: 1000 },
} as const;
/** The peer is measured before and after the product: the machine does not cost the same all the time. */
const PEER_RUNS = 3;

type Flow = keyof typeof LIMITS_US;
const BENCHES = { register: benchRegister, call: benchCall } as const;
const PEER_BENCHES = { register: benchPeerRegister, call: benchPeerCall } as const;

const tell = (report: Report, flow: Flow, figures: ProductFigures): void => {
  report.figure(`${flow}Runs`, figures.runs);
  report.figure(`${flow}Rate`, figures.rate);
  report.figure(`${flow}CpuUsAt500`, figures.cpuUsPerFlowAt500);
  report.figure(`${flow}P99Ms`, figures.p99Ms);
  report.figure(`${flow}Retransmissions`, figures.retransmissions);
  report.figure(`${flow}ResidentMiB`, figures.residentMiB);
  report.check(`${flow}: no flow failed`, figures.failed === 0, `${figures.failed} failed`);
};

const runShort = async (report: Report, flow: Flow): Promise<void> => {
  const figures = await BENCHES[flow]({ ...SHORT_FORM.size, rate: SHORT_FORM.rates[flow] });
  const slow = slowness();
  report.figure(`${flow}Slowness`, slow);
  report.atMost(`${flow}CpuUs`, figures.cpuUsPerFlow, round(LIMITS_US[flow] * SHORT_FORM.factor * slow));
  tell(report, flow, figures);
};

const runFull = async (report: Report, flow: Flow): Promise<void> => {
  const rate = RATES[flow];
  const peer = async (): Promise<number> =>
    (await PEER_BENCHES[flow]({ ...FULL_SIZE[flow], runs: PEER_RUNS, rate })).cpuUsPerFlow;
  report.note(`${flow}: the peer`);
  const before = await peer();
  report.note(`${flow}: the product`);
  const figures = await BENCHES[flow]({ ...FULL_SIZE[flow], rate });
  report.note(`${flow}: the peer again`);
  const after = await peer();
  const peerUs = (before + after) / 2;
  const ratio = round(figures.cpuUsPerFlow / peerUs, 2);
  report.atMost(`${flow}CpuUs`, figures.cpuUsPerFlow, LIMITS_US[flow]);
  // Were the difference of the machines a sum for each packet, and no factor: the stricter reading.
  report.figure(`${flow}CpuUsLessThePeersExcess`, round(figures.cpuUsPerFlow - (peerUs - PEER_US[flow])));
  report.figure(`${flow}PeerCpuUs`, [before, after]);
  report.atMost(`${flow}CostInPeers`, ratio, round(LIMITS_US[flow] / PEER_US[flow], 2));
  tell(report, flow, figures);
};

export const line: Line = {
  async run(report) {
    report.figure('limitsUs', LIMITS_US);
    report.figure('peerUsWhereTheyWereSet', PEER_US);
    for (const flow of ['register', 'call'] as const)
      await (report.quick ? runShort(report, flow) : runFull(report, flow));
    for (const bench of ['register', 'call'] as const) {
      report.check(
        `docs/performance.md has the profile of '${bench}'`,
        hasProfile(bench),
        'bench -- … --profile --write',
      );
    }
  },
};
