// 5.8: the limits of chapter 2 for a registration and a call (2.6), and what TLS costs beside TCP: the same load by way of stunnel, in turn.
import { benchSecure } from '../../secure.js';
import { line as chapter2 } from '../chapter-2/line-6.js';
import type { Line } from '../line.js';

const RATIO_MAX = 1.6;
/** SIPp and stunnel share the other core. So many users that no two REGISTERs of one overlap. */
const FULL = { rate: 500, seconds: 10, runs: 5, users: 1_000 } as const;
/** Finds what costs a multiple, on whatever machine it meets. */
const SHORT = { rate: 300, seconds: 3, runs: 3, users: 100 } as const;
const SHORT_FACTOR = 1.5;

export const line: Line = {
  async run(report) {
    const figures = await benchSecure(report.quick ? SHORT : FULL);
    const limit = RATIO_MAX * (report.quick ? SHORT_FACTOR : 1);
    report.atMost('registerTlsToTcp', figures.registerRatio, limit);
    report.atMost('callTlsToTcp', figures.callRatio, limit);
    report.figure('rounds', figures.rounds);
    report.check('no flow failed', figures.failed === 0, `${figures.failed} failed`);
    // In its short form 2.6 is a line of its own.
    if (!report.quick) await chapter2.run(report);
  },
};
