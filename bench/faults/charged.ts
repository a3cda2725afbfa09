// The CDF of the cluster that faults are played on, and whether it has what the calls that were carried should have brought: a START and a STOP of the caller's
// side and of the callee's, each once. Used by rows.ts and play.ts.
import { sleep } from '../harness/children.js';
import {
  callIdOf,
  endChild,
  recordsIn,
  type RunningCdf,
  startCdf,
  type WrittenRecord,
} from '../harness/charging.js';
import type { BenchCluster } from '../harness/cluster.js';
import { freePort } from '../harness/ports.js';
import type { Cuts } from './cuts.js';
import type { FaultHss } from './hss.js';

const HOST = 'cdf.ims.test';
const SIDES = 2;
/** Until a client calls a CDF again (RFC 3539: 6 s ± 2), and until what waited has been sent. */
const CHARGED_MS_MAX = 45_000;

export type FaultCdf = Readonly<{
  /** As CDF_PEERS takes it. */
  peer: string;
  kill(): Promise<void>;
  /** On the same folder: it knows what it took before. `result`: it takes nothing more, and answers this Result-Code. */
  start(result?: number): Promise<void>;
  records(): readonly WrittenRecord[];
}>;

/** What a row is played on. */
export type FaultBench = BenchCluster & Readonly<{ cdf: FaultCdf; cuts: Cuts; hss?: FaultHss }>;

export const startFaultCdf = async (folder: string): Promise<FaultCdf> => {
  const peer = `127.0.0.1:${await freePort()}`;
  let running: RunningCdf = await startCdf(peer, HOST, folder);
  return {
    peer,
    kill: () => endChild(running.child, 'SIGKILL'),
    async start(result) {
      running = await startCdf(peer, HOST, folder, result);
    },
    records: () => recordsIn(running.file),
  };
};

export type Charged = Readonly<{ calls: number; records: number; missing: readonly string[]; doubled: readonly string[] }>; // prettier-ignore

export const judgeRecords = (records: readonly WrittenRecord[], callIds: ReadonlySet<string>): Charged => {
  const taken = new Map<string, number>();
  const doubled: string[] = [];
  for (const record of records) {
    const { duplicate, retransmitted, recordType, recordNumber, sessionId } = record;
    // What came again with its T flag is known for what it is.
    if (duplicate && !retransmitted) doubled.push(`${sessionId} ${recordNumber} unmarked`);
    if (duplicate) continue;
    const name = `${callIdOf(record)} ${recordType}`;
    taken.set(name, (taken.get(name) ?? 0) + 1);
  }
  const missing: string[] = [];
  for (const callId of callIds)
    for (const type of ['START', 'STOP']) {
      const count = taken.get(`${callId} ${type}`) ?? 0;
      if (count < SIDES) missing.push(`${callId} ${type}`);
      if (count > SIDES) doubled.push(`${callId} ${type} ${count} times`);
    }
  return { calls: callIds.size, records: records.length, missing, doubled };
};

/** Waits for what is missing. */
export const chargedFor = async (cdf: FaultCdf, callIds: ReadonlySet<string>): Promise<Charged> => {
  const endMs = performance.now() + CHARGED_MS_MAX;
  for (;;) {
    const charged = judgeRecords(cdf.records(), callIds);
    if (charged.missing.length === 0 || performance.now() > endMs) return charged;
    await sleep(500);
  }
};
