// The rows in which everything runs and the way to it is cut (cuts.ts): what is sent is lost, or what is answered, connections are reset, or nothing moves.
// A cut is no row of its own in docs/architecture.md: who cannot reach the log has none, so that each allows what the row of its engine or program allows.
// Played by play.ts.
import type { Fault } from '#libs/testkit';
import type { Allowed } from './answers.js';
import {
  ANCHORED_THERE,
  CASSANDRA_AWAY,
  HOLD_MS,
  IN_FLIGHT,
  LOG_AWAY,
  NOTHING,
  OWNER_GONE_MS_MAX,
} from './allowed.js';
import type { Cut } from './cuts.js';
import type { Row } from './row.js';

type CutFault = Exclude<Fault, 'none' | 'delay'>;
/** Number of a server from 0, or all of them. */
type Server = number | 'all';

const cut = (to: Cut, server: Server, fault: CutFault): Pick<Row, 'fault' | 'begin' | 'end' | 'holdMs'> => {
  const which = server === 'all' ? 'all' : String(server + 1);
  return {
    fault: `the way to ${to} ${which} is cut: ${fault.replace('-', ' ')}`,
    holdMs: HOLD_MS,
    begin: ({ cuts }) =>
      Promise.resolve(server === 'all' ? cuts.setAll(to, fault) : cuts.set(to, server, fault)),
    end: ({ cuts }) =>
      Promise.resolve(server === 'all' ? cuts.setAll(to, 'none') : cuts.set(to, server, 'none')),
  };
};

/** Owners of partitions, who are taken for gone meanwhile, pop what was due once they own again. */
const kafka = (name: string, server: Server, fault: CutFault): Row => ({
  name,
  ...cut('kafka', server, fault),
  allowed: LOG_AWAY,
  popLateMsMax: HOLD_MS + OWNER_GONE_MS_MAX,
});

const row = (name: string, of: ReturnType<typeof cut>, allowed: readonly Allowed[]): Row => ({
  name,
  ...of,
  allowed,
});

export const CUT_ROWS: readonly Row[] = [
  row('answers of one memcached', cut('memcached', 2, 'lose-answers'), NOTHING),
  row('one memcached reset', cut('memcached', 0, 'reset'), NOTHING),
  row('etcd cut', cut('etcd', 0, 'lose-requests'), NOTHING),
  kafka('log cut', 'all', 'lose-requests'),
  kafka('answers of the log', 'all', 'lose-answers'),
  kafka('log reset', 'all', 'reset'),
  kafka('one broker of three cut', 1, 'lose-requests'),
  kafka('answers of one broker of three', 1, 'lose-answers'),
  kafka('one broker of three reset', 1, 'reset'),
  row('Cassandra cut', cut('cassandra', 0, 'lose-requests'), CASSANDRA_AWAY),
  row('answers of Cassandra', cut('cassandra', 0, 'lose-answers'), CASSANDRA_AWAY),
  row('Cassandra reset', cut('cassandra', 0, 'reset'), CASSANDRA_AWAY),
  row('SIP to a Sprout reset', cut('sprout', 0, 'reset'), IN_FLIGHT),
  row('SIP to a Sprout frozen', cut('sprout', 0, 'freeze'), IN_FLIGHT),
  row('SIP to a Sprout lost', cut('sprout', 0, 'lose-requests'), IN_FLIGHT),
  row('SIP answers of a Sprout lost', cut('sprout', 0, 'lose-answers'), IN_FLIGHT),
  row('SIP to a Bono reset', cut('bono', 0, 'reset'), ANCHORED_THERE),
  row('SIP to a Bono lost', cut('bono', 0, 'lose-requests'), ANCHORED_THERE),
];
