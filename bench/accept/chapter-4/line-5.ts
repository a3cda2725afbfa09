// 4.5: what a hop through an application server adds to a call, and what a call costs.
import { benchIsc } from '../../isc.js';
import { benchCall } from '../../register.js';
import type { Line } from '../line.js';

const HOP_US = 120;
const CALL_US = 160;
/** Finds what costs a multiple, on whatever machine it meets. */
const SHORT = { rate: 200, seconds: 3, runs: 2, users: 100 } as const;
const SHORT_FACTOR = 5;

export const line: Line = {
  async run(report) {
    const options = report.quick ? SHORT : { rate: 800, seconds: 10, runs: 5, users: 500 };
    const hop = await benchIsc(options);
    report.figure('hops', hop.hops);
    report.check('no call by the server failed', hop.failed === 0, `${hop.failed} failed`);
    report.atMost('hopCpuUs', hop.hopCpuUs, report.quick ? HOP_US * SHORT_FACTOR : HOP_US);
    // At a low rate a call costs several times as much.
    if (report.quick) return;
    const call = await benchCall({ rate: 1500, seconds: 10, runs: 5, users: 1000 });
    report.check('no call failed', call.failed === 0, `${call.failed} failed`);
    report.atMost('callCpuUs', call.cpuUsPerFlow, CALL_US);
  },
};
