// 8.1: Rogers: 2, 3, 2 servers under constant writes, one killed, emptied, returned, one that hangs, three clients, the contract of the store through
// it (tests on real servers); what a get and a compare-and-set cost (`bench -- rogers`).
import { benchRogers } from '../../rogers/costs.js';
import { checkTests } from '../jest-run.js';
import type { Line } from '../line.js';

export const line: Line = {
  async run(report) {
    const figures = await benchRogers(report.quick ? { seconds: 2, runs: 1 } : { seconds: 10, runs: 5 });
    report.atMost('cpuUsPerGet', figures.cpuUsPerGet, 40);
    report.atMost('cpuUsPerCas', figures.cpuUsPerCas, 80);
    report.atMost('failed', figures.failed, 0);
    for (const name of ['getsPerS', 'casPerS', 'getP99Ms', 'casP99Ms', 'cpuUsPerGetAlone'] as const)
      report.figure(name, figures[name]);
    await checkTests(report, 'a simulated cluster', ['apps/rogers/src/proxy'], { atLeast: 8 });
    await checkTests(report, 'clients on real servers', ['apps/rogers/src/clients'], { atLeast: 7 });
    await checkTests(report, 'servers that come, go, die, hang', ['apps/rogers/src/rogers'], { atLeast: 4 });
    if (report.quick) return;
    await checkTests(report, 'the contract of the store', ['memcached-through-rogers'], { atLeast: 30 });
  },
};
