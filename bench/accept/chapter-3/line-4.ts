// 3.4: 50 appends a second through a proxy that loses answers and requests, delays, freezes and resets: every durable answer is in the log once,
// every refused one not at all, every unknown one at most once; on one broker and on three.
import { checkTests } from '../jest-run.js';
import type { Line } from '../line.js';

const SECONDS = 300;
const QUICK_SECONDS = 12;

export const line: Line = {
  async run(report) {
    const seconds = report.quick ? QUICK_SECONDS : SECONDS;
    report.figure('seconds', seconds);
    const env = { FAULTS_S: String(seconds) };
    for (const kafkaNodes of report.quick ? [1] : [1, 3])
      await checkTests(report, `faults before ${kafkaNodes} broker(s)`, ['kafka/faults.int-spec'], {
        kafkaNodes,
        env,
        atLeast: 3,
      });
  },
};
