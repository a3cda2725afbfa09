// 8.7: what operators go by. Manifests and alarms are held to what there is, each figure of docs/capacity.md to what measured it; items 11 and 12 of
// docs/clearwater/backend.md §12 are tests, as mended, each by its name. The short form leaves out what needs real engines.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { raiseAlarms } from '../../faults/alarms.js';
import { checkTests, runJest } from '../jest-run.js';
import type { Line, Report } from '../line.js';

/** Conditions of alarms have to last a tenth of what they have to in service. */
const HURRY = 10;
const E2E = ['--config', '.config/jest.e2e.config.mjs', '--runInBand', 'apps/clearwater/e2e/traces'];

type Item = Readonly<{
  what: string;
  /** Simulated, and on real engines. */
  paths: readonly string[];
  real: readonly string[];
  /** Of tests that have to be among them. */
  shown: readonly string[];
  shownReal: readonly string[];
}>;

const ITEMS: readonly Item[] = [
  {
    what: 'item 11: Rogers and Astaire',
    paths: ['apps/rogers/src/(proxy|merge|adapters)/', 'libs/memcached-protocol/'],
    real: ['apps/rogers/src/rogers[.]int-spec', 'apps/rogers/src/clients[.]int-spec'],
    shown: [
      'servers that come and go take over what is theirs while all is written and read',
      'a server that dies takes nothing along: values and their numbers live on',
      'all servers lost is absence, and everything can be written again',
      'never shows what could not be asked as a miss',
    ],
    shownReal: [
      '2, then 3, then 2: no key lost, nothing stale read',
      'a server that is killed, and comes back empty is missed by nobody',
      'a server that is emptied by somebody is filled again, and nothing is missing meanwhile',
      'is told of what is not supported, and stays connected',
    ],
  },
  {
    what: 'item 12: the list of servers changes',
    paths: ['apps/rogers/src/astaire/', 'apps/rogers/src/follow-topology', 'file-shared-config[.]spec'],
    real: ['apps/rogers/src/etcd-topology[.]int-spec', 'etcd-shared-config[.]int-spec'],
    shown: [
      ...['2, then 3', '3, then 2', '2, then 4', '4, then 2'].map((change) => `${change}: nobody is refused, nothing is lost`),
      'before anybody has begun to fill it takes nothing along',
      'while it is filled takes nothing along',
      'when it takes part in some takes nothing along',
      'where it was while another one comes takes nothing along',
      'before anybody has begun to do without it takes nothing along',
      'when some is done without it takes nothing along',
      'and stands in the list holds up nobody who comes',
      'of two operators who change it at once one wins',
    ],
    shownReal: ['up by one and by two, down by one and by two, operators at once', 'lets one of those win who expect the same'],
  },
]; // prettier-ignore

/** On the built product, with a collector and a CDF. */
const oneTrace = async (report: Report): Promise<void> => {
  const folder = mkdtempSync(path.join(tmpdir(), 'traces-'));
  try {
    const { passed, failed, failures, names } = await runJest(E2E, path.join(folder, 'output.json'));
    report.figure('tests: traces', passed);
    report.check('no test of traces fails', failed === 0, failures.join('; '));
    report.check('one trace id spans INVITE, append and ACA', names.includes('one trace id spans INVITE, append and ACA')); // prettier-ignore
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
};

export const line: Line = {
  async run(report) {
    await checkTests(report, 'manifests and alarms', ['schemas/(compose|kubernetes|alarms)[.]spec'], { atLeast: 30 }); // prettier-ignore
    await checkTests(report, 'figures of docs/capacity.md', ['schemas/capacity[.]spec'], { atLeast: 6 });
    for (const { what, paths, shown, real, shownReal } of ITEMS) {
      await checkTests(report, what, paths, { shown });
      if (!report.quick) await checkTests(report, `${what}, on real engines`, real, { shown: shownReal });
    }
    if (report.quick) return;
    await oneTrace(report);
    await raiseAlarms(report, { hurry: HURRY });
  },
};
