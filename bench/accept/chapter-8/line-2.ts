// 8.2: each row of docs/architecture.md's table of what users see when something is down, played on a cluster of two of each program under SIPp's registrations
// and calls; each pair of rows in the full form. The short form plays one row. A row that cannot be played yet fails the line.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { type FaultBench, startFaultCdf } from '../../faults/charged.js';
import { createCuts } from '../../faults/cuts.js';
import { startFaultHss } from '../../faults/hss.js';
import { everybody, prepareLoad, type Rates } from '../../faults/load.js';
import { playRow } from '../../faults/play.js';
import type { Row } from '../../faults/row.js';
import { MISSING, pairOf, ROWS } from '../../faults/rows.js';
import { withCluster } from '../../harness/cluster.js';
import type { Line, Report } from '../line.js';

/** What needs three of them; a machine that plays others is spared two. */
const ONE_BROKER = 'one broker of three';
const RATES: Rates = { sippRegistersPerS: 15, phoneRegistersPerS: 5, callsPerS: 2 };

const pairs = (): readonly Row[] =>
  ROWS.flatMap((one, n) => ROWS.slice(n + 1).map((other) => pairOf(one, other)));

/** FAULT_ROWS names those that are played while one works on them: `log,etcd`. */
const chosen = (quick: boolean): readonly Row[] => {
  const names = process.env['FAULT_ROWS']?.split(',');
  if (names !== undefined) return ROWS.filter(({ name }) => names.includes(name));
  return quick ? ROWS.slice(0, 1) : [...ROWS, ...pairs()];
};

/** On a cluster of its own, whose subscribers are its own or in an HSS. */
const playOn = async (report: Report, rows: readonly Row[], isOnHss: boolean): Promise<void> => {
  if (rows.length === 0) return;
  const folder = mkdtempSync(path.join(tmpdir(), 'faults-'));
  const cdf = await startFaultCdf(folder);
  const hss = isOnHss ? await startFaultHss(folder, everybody()) : undefined;
  const env = {
    REG_MAX_EXPIRES: '3600',
    LOG_LEVEL: 'warn',
    CDF_PEERS: cdf.peer,
    ...(hss === undefined ? {} : { HSS_PEERS: hss.peer }),
  };
  const cuts = createCuts();
  const kafkaNodes = rows.some(({ name }) => name.includes(ONE_BROKER)) ? 3 : 1;
  try {
    await withCluster({ kafkaNodes, memcachedNodes: 3, isPinned: false, each: { ralf: 2 }, env, envOf: (engines) => cuts.envOf(engines) }, async (cluster) => {
      report.note(`subscribers${isOnHss ? ' of an HSS' : ''}, and who calls and is called`);
      const bench: FaultBench = { ...cluster, cdf, cuts, ...(hss === undefined ? {} : { hss }) };
      const load = await prepareLoad(bench);
      try {
        for (const row of rows) await playRow(report, bench, load, RATES, row);
      } finally {
        load.close();
      }
    });
  } finally {
    await cuts.close();
    await cdf.kill();
    await hss?.kill();
    rmSync(folder, { recursive: true, force: true });
  }
}; // prettier-ignore

export const line: Line = {
  async run(report) {
    const rows = chosen(report.quick);
    const isOnHss = (row: Row): boolean => row.isOnHss === true;
    await playOn(report, rows.filter((row) => !isOnHss(row)), false);
    await playOn(report, rows.filter(isOnHss), true);
    report.figure('rowsPlayed', rows.map(({ name }) => name));
    if (report.quick) return;
    for (const { name, why } of MISSING) report.check(`${name} is played`, false, why);
    report.check('every row and every pair is played', process.env['FAULT_ROWS'] === undefined, 'FAULT_ROWS chose some');
  },
}; // prettier-ignore
