// 3.5: what a registration costs edge and router on Kafka and memcached, and a call between phones of different workers beside one worker's.
import { benchOnEngines } from '../../on-engines.js';
import type { Line } from '../line.js';

const REGISTER = { flow: 'register', workers: 1, rate: 1_000, seconds: 10, runs: 5, users: 4_000 } as const;
const CALL = { flow: 'call', rate: 200, seconds: 10, runs: 3, users: 500 } as const;
/** Finds what fails: of so few flows the most part of the cost is what the programs do without any. */
const SHORT = { rate: 50, seconds: 3, runs: 1, users: 100 } as const;
const US_MAX = 250;
const RATIO_MAX = 1.2;

export const line: Line = {
  async run(report) {
    const short = report.quick ? SHORT : {};
    report.note('registrations, one process each');
    const register = await benchOnEngines({ ...REGISTER, ...short });
    if (report.quick) report.figure('registerCpuUs', register.cpuUsPerFlow);
    else report.atMost('registerCpuUs', register.cpuUsPerFlow, US_MAX);
    report.figure('registerOthersUs', register.othersUsPerFlow);
    report.figure('registerP99Ms', register.p99Ms);
    report.atMost('registerFailed', register.failed, 0);
    report.note('calls, one process each');
    const one = report.quick ? undefined : await benchOnEngines({ ...CALL, workers: 1 });
    report.note('calls, two processes each, caller and callee at different ones');
    const two = await benchOnEngines({ ...CALL, ...short, workers: 2 });
    report.atMost('callFailed', two.failed + (one?.failed ?? 0), 0);
    report.figure('callCpuUs', two.cpuUsPerFlow);
    report.figure('callHandedOver', two.handedOver);
    if (one === undefined) return;
    report.figure('callCpuUsOneWorker', one.cpuUsPerFlow);
    report.atMost('callRatio', Math.round((100 * two.cpuUsPerFlow) / one.cpuUsPerFlow) / 100, RATIO_MAX);
  },
};
