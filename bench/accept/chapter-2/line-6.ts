// 2.6: CPU of a registration and of a call beside Kamailio, in turn, five rounds: as microseconds and as ratio; and beside Kamailio
// writing its registrations through to SQLite, at a rate that it sustains.
import { benchVersus, type VersusFigures, type VersusFlow, type VersusOptions } from '../../versus.js';
import type { Line, Report } from '../line.js';

type Comparison = Readonly<{
  name: string;
  flow: VersusFlow;
  options: VersusOptions;
  ratioMax: number;
  usMax?: number;
}>;

const KAMAILIO = { kind: 'kamailio', sqlite: false } as const;
const COMPARISONS: readonly Comparison[] = [
  {
    name: 'register',
    flow: 'register',
    options: { rate: 4000, seconds: 10, runs: 5, users: 4000, peer: KAMAILIO },
    ratioMax: 3.2,
    usMax: 60,
  },
  {
    name: 'registerAgainstSqlite',
    flow: 'register',
    options: { rate: 500, seconds: 10, runs: 5, users: 1000, peer: { kind: 'kamailio', sqlite: true } },
    ratioMax: 0.2,
  },
  {
    name: 'call',
    flow: 'call',
    options: { rate: 1500, seconds: 10, runs: 5, users: 1000, peer: KAMAILIO },
    ratioMax: 2,
    usMax: 160,
  },
];
/** Finds what costs a multiple, on whatever machine it meets. */
const SHORT = { rate: 300, seconds: 3, runs: 2, users: 200 } as const;
const SHORT_FACTOR = 5;

const tell = (report: Report, name: string, figures: VersusFigures): void => {
  report.figure(`${name}Rounds`, figures.rounds);
  report.figure(`${name}RatioSpread`, figures.ratioSpread);
  report.figure(`${name}PeerCpuUs`, figures.peerCpuUsPerFlow);
  report.check(`${name}: no flow failed`, figures.failed === 0, `${figures.failed} failed`);
};

export const line: Line = {
  async run(report) {
    const factor = report.quick ? SHORT_FACTOR : 1;
    for (const { name, flow, options, ratioMax, usMax } of COMPARISONS) {
      report.note(name);
      const figures = await benchVersus(flow, report.quick ? { ...options, ...SHORT } : options);
      report.atMost(`${name}Ratio`, figures.ratio, ratioMax * factor);
      // At a low rate a flow costs several times as much: the short form judges the ratio alone.
      if (usMax !== undefined && !report.quick) report.atMost(`${name}CpuUs`, figures.cpuUsPerFlow, usMax);
      else report.figure(`${name}CpuUs`, figures.cpuUsPerFlow);
      tell(report, name, figures);
    }
  },
};
