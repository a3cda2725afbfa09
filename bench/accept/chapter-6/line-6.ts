// 6.6: what timers, Cx and Rf cost: `bench -- timers`, `bench -- cx`, `bench -- rf` held to their limits.
import { benchCx, benchRf } from '../../diameter.js';
import { benchTimers } from '../../timers.js';
import type { Line } from '../line.js';

export const line: Line = {
  async run(report) {
    const timers = await benchTimers({ timers: report.quick ? 20_000 : 1_000_000 });
    report.atMost('cpuUsPerSet', timers.cpuUsPerSet, 50);
    report.atMost('cpuUsPerPop', timers.cpuUsPerPop, 100);
    report.figure('timers', timers.timers);
    report.figure('readyMsFromLog', timers.readyMsFromLog);
    report.figure('residentMiBAtOnce', timers.residentMiBAtOnce);
    report.atMost('residentMiB', timers.residentMiB, 700);
    report.atMost('readyMsFromSnapshot', timers.readyMsFromSnapshot, 10_000);
    // A start takes longer to begin than so few events take.
    if (!report.quick) report.atLeast('rearmedPerS', timers.rearmedPerS, 50_000);
    const seconds = report.quick ? 3 : 10;
    for (const [name, bench] of [
      ['cx', benchCx],
      ['rf', benchRf],
    ] as const) {
      const figures = (await bench({ seconds })) as Readonly<{ perS: number }>;
      report.atLeast(`${name}PerS`, figures.perS, 5_000);
    }
  },
};
