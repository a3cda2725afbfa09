// 4.3: two routers on one log and one store of chains, in the simulated world: a request that comes back to the other, and a router that
// dies before anybody rings, when the request has come back already, while it rings, and in the middle of a dialog.
import { checkTests } from '../jest-run.js';
import type { Line } from '../line.js';

export const line: Line = {
  async run(report) {
    await checkTests(report, 'a router that dies', ['apps/clearwater/scenarios/router-dies'], {
      atLeast: 21,
    });
    await checkTests(report, 'the request comes back to another', ['apps/clearwater/scenarios/scenarios'], { named: 'servers-two-routers', atLeast: 1 }); // prettier-ignore
    await checkTests(report, 'who has a chain', ['apps/sprout/src/isc/link-state', 'apps/sprout/src/isc/odi-tokens'], { atLeast: 10 }); // prettier-ignore
    await checkTests(report, 'a node that ends', ['libs/sip/src/proxy/lost-peer'], { atLeast: 6 });
  },
};
