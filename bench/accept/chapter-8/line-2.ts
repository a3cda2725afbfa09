// 8.2: each row of docs/architecture.md's table of what users see when something is down, played on a cluster of two of each program under SIPp's registrations
// and calls, the ways to what may be down cut as well; each pair of rows in the full form. The short form plays one row.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { type FaultBench, startFaultCdf } from '../../faults/charged.js';
import { createCuts } from '../../faults/cuts.js';
import { startFaultHss } from '../../faults/hss.js';
import { everybody, prepareLoad, type Rates } from '../../faults/load.js';
import { PAIRS } from '../../faults/pairs.js';
import { playRow } from '../../faults/play.js';
import { openProgress, type Progress, witness } from '../../faults/progress.js';
import type { Row } from '../../faults/row.js';
import { ROWS } from '../../faults/rows.js';
import { withCluster } from '../../harness/cluster.js';
import { commit } from '../../measure/machine.js';
import type { Line, Report } from '../line.js';

/** What needs three of them; a machine that plays others is spared two. */
const ONE_BROKER = 'one broker of three';
const RATES: Rates = { sippRegistersPerS: 15, phoneRegistersPerS: 5, callsPerS: 2 };
/** Between the names in FAULT_ROWS. */
const SEPARATOR = ',';

/** FAULT_ROWS names those that are played while one works on them: `log,etcd,log + etcd`. */
const chosen = (quick: boolean): readonly Row[] => {
  const names = process.env['FAULT_ROWS']?.split(SEPARATOR);
  const all = [...ROWS, ...PAIRS];
  if (names === undefined) return quick ? ROWS.slice(0, 1) : all;
  const unknown = names.filter((wanted) => !all.some(({ name }) => name === wanted));
  if (unknown.length > 0) throw new Error(`no such rows: ${unknown.join(SEPARATOR)}`);
  return all.filter(({ name }) => names.includes(name));
};

/** Plays what is left of `rows` until one cannot be played to its end; that one is taken out too. */
const playOn = async (report: Report, rows: Row[], isOnHss: boolean, progress: Progress): Promise<void> => {
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
  const { enginesEnv } = cuts;
  const kafkaNodes = rows.some(({ name }) => name.includes(ONE_BROKER)) ? 3 : 1;
  try {
    await withCluster({ kafkaNodes, memcachedNodes: 3, isPinned: false, each: { ralf: 2 }, env, enginesEnv, envOf: (places) => cuts.envOf(places) }, async (cluster) => {
      report.note(`subscribers${isOnHss ? ' of an HSS' : ''}, and who calls and is called`);
      const bench: FaultBench = { ...cluster, cdf, cuts, ...(hss === undefined ? {} : { hss }) };
      const load = await prepareLoad(bench);
      try {
        for (let row = rows.shift(); row !== undefined; row = rows.shift()) {
          const { report: own, seen } = witness(report);
          const at = new Date().toISOString();
          const error = await playRow(own, bench, load, RATES, row).catch(String);
          if (error !== undefined) own.check(`${row.name}: is played to its end`, false, error);
          progress.add({ row: row.name, commit: commit(), at, ...seen() });
          // What is left of the cluster then is anybody's guess.
          if (error !== undefined) return;
        }
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

/** What was played by an earlier run counts as it was judged then. */
const takeOver = (report: Report, progress: Progress, rows: readonly Row[]): readonly Row[] => {
  const left: Row[] = [];
  for (const row of rows) {
    const played = progress.held(row.name);
    if (played === undefined) left.push(row);
    else {
      report.figure(row.name, { playedAt: played.at, of: played.figure });
      report.check(`${row.name}: held when it was played at ${played.at}`, true);
    }
  }
  return left;
};

export const line: Line = {
  async run(report) {
    const rows = chosen(report.quick);
    // FAULT_PROGRESS names a file that a long run is kept in, and gone on with from.
    const progress = openProgress(process.env['FAULT_PROGRESS'], commit());
    const left = takeOver(report, progress, rows);
    report.note(`${rows.length} rows, ${left.length} of them to be played`);
    for (const isOnHss of [false, true]) {
      const those = left.filter((row) => (row.isOnHss === true) === isOnHss);
      while (those.length > 0) await playOn(report, those, isOnHss, progress);
    }
    report.figure('rowsPlayed', rows.map(({ name }) => name));
    if (report.quick) return;
    report.check('every row and every pair is played', process.env['FAULT_ROWS'] === undefined, 'FAULT_ROWS chose some');
  },
}; // prettier-ignore
