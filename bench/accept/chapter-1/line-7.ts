// 1.7: CPU a registration flow and a call, of the whole process tree, events durable; with profiles in docs/performance.md.
import { hasProfile } from '../../performance-page.js';
import { benchCall, benchRegister, type ProductFigures } from '../../register.js';
import type { Line, Report } from '../line.js';

const REGISTER_US_MAX = 120;
const CALL_US_MAX = 320;
/**
 * The short form is one short run on whatever machine it meets, beside other work: it finds what costs a multiple, not what
 * costs a percent. The limits themselves are judged by the full form alone.
 */
const SHORT_FORM_FACTOR = 5;

const judge = (report: Report, name: string, figures: ProductFigures, limit: number): void => {
  report.atMost(`${name}CpuUs`, figures.cpuUsPerFlow, limit);
  report.figure(`${name}Runs`, figures.runs);
  report.figure(`${name}Rate`, figures.rate);
  report.figure(`${name}CpuUsAt500`, figures.cpuUsPerFlowAt500);
  report.figure(`${name}P99Ms`, figures.p99Ms);
  report.figure(`${name}Retransmissions`, figures.retransmissions);
  report.figure(`${name}ResidentMiB`, figures.residentMiB);
  report.check(`${name}: no flow failed`, figures.failed === 0, `${figures.failed} failed`);
};

export const line: Line = {
  async run(report) {
    report.figure('limitsOfTheFullForm', { registerCpuUs: REGISTER_US_MAX, callCpuUs: CALL_US_MAX });
    const slack = report.quick ? SHORT_FORM_FACTOR : 1;
    const size = report.quick ? { seconds: 4, runs: 1, users: 300 } : { seconds: 10, runs: 5, users: 1000 };
    report.note('registrations');
    judge(
      report,
      'register',
      await benchRegister({ ...size, rate: report.quick ? 800 : 2000 }),
      REGISTER_US_MAX * slack,
    );
    report.note('calls, ten criteria a side');
    judge(report, 'call', await benchCall({ ...size, rate: report.quick ? 250 : 1000 }), CALL_US_MAX * slack);
    for (const bench of ['register', 'call'] as const) {
      report.check(
        `docs/performance.md has the profile of '${bench}'`,
        hasProfile(bench),
        'bench -- … --profile --write',
      );
    }
  },
};
