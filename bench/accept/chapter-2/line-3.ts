// 2.3: `npm run fuzz -- --minutes 60`, from an empty corpus. The short form is the 3 minutes of continuous integration.
import { checkFuzzing } from '../fuzz-run.js';
import type { Line } from '../line.js';

const MINUTES = 60;
const QUICK_MINUTES = 3;
/** parser, fields, route, uri, via, top-via, name-addr, digest, integrity, contacts, stream, ws, criteria, log, checkpoint. */
const TARGETS_MIN = 15;

export const line: Line = {
  run: (report) =>
    checkFuzzing(report, { minutes: report.quick ? QUICK_MINUTES : MINUTES, targetsMin: TARGETS_MIN }),
};
