// 4.1: the rows of application servers and telephony services are tests: the units, the scenarios with the matrix of default handling,
// and docs/conformance.md names proofs that exist.
import { checkTests } from '../jest-run.js';
import type { Line } from '../line.js';

export const line: Line = {
  async run(report) {
    await checkTests(report, 'filter criteria and services', ['libs/domain/src/filter-criteria', 'libs/domain/src/simservs'], { atLeast: 100 }); // prettier-ignore
    await checkTests(report, 'chains of application servers', ['apps/sprout/src/isc'], { atLeast: 30 });
    await checkTests(report, 'telephony server', ['apps/sprout/src/mmtel'], { atLeast: 40 });
    await checkTests(report, 'scenarios', ['apps/clearwater/scenarios/scenarios'], {
      named: 'servers|telephony|privacy',
      atLeast: 9,
    });
    await checkTests(report, 'conformance.md', ['libs/testkit/src/conformance'], { atLeast: 2 });
  },
};
