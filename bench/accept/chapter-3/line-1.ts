// 3.1: every contract suite on every adapter, on the real engines: the log on one broker and on three; memcached, Cassandra and etcd, which
// their tests start, kill and start again. What `npm run test:services` runs, by port.
import { checkTests } from '../jest-run.js';
import type { Line } from '../line.js';

const LOG = ['kafka/kafka.event-log.int-spec'];
/** The tests of a suite and what its adapter adds: fewer would mean that a suite was not run. */
const SUITES = [
  { what: 'memcached', path: 'memcached-key-value-store.int-spec', atLeast: 30 },
  { what: 'Cassandra', path: 'cassandra.int-spec', atLeast: 30 },
  { what: 'etcd', path: 'etcd-shared-config.int-spec', atLeast: 10 },
  { what: 'EventStoreDB (a stand-in on the client’s own service definitions)', path: 'eventstoredb-archive.int-spec', atLeast: 5 }, // prettier-ignore
];
const EMBEDDED = [
  'embedded/embedded.event-log.spec',
  'libs/stores/src/adapters/embedded',
  'libs/shared-config/src/adapters/embedded',
];

export const line: Line = {
  async run(report) {
    await checkTests(report, 'the embedded adapters', EMBEDDED, { atLeast: 60 });
    await checkTests(report, 'the log on one broker', LOG, { kafkaNodes: 1, atLeast: 21 });
    if (!report.quick)
      await checkTests(report, 'the log on three brokers', LOG, { kafkaNodes: 3, atLeast: 21 });
    for (const { what, path, atLeast } of SUITES) await checkTests(report, what, [path], { atLeast });
  },
};
