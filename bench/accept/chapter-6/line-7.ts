// 6.7: the Diameter codec and the peer machine fuzzed as the parsers of chapter 2 are: an hour of these targets alone.
import { checkFuzzing } from '../fuzz-run.js';
import type { Line } from '../line.js';

const MINUTES = 60;
const QUICK_MINUTES = 0.5;
const TARGETS = ['diameter', 'diameter-peer'];

export const line: Line = {
  run: (report) =>
    checkFuzzing(report, {
      minutes: report.quick ? QUICK_MINUTES : MINUTES,
      targets: TARGETS,
      targetsMin: TARGETS.length,
    }),
};
