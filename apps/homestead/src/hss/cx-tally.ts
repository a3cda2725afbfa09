// Results of Cx by peer, command and result code, and how long the HSS takes: for GET /metrics (backend.md §1, "Metrics").
// Written by cx-client.ts and pushes.ts.
import { type Outcome, type RequestShort, VENDOR_3GPP } from '#libs/diameter';
import { LATENCY_BUCKETS_MS, type Metrics } from '#libs/runtime';

/** Peers are configured and commands are few, but result codes are the HSS's to choose: beyond this many, `other`. */
export const RESULTS_MAX = 1_000;

export interface CxTally {
  count(peer: string, command: RequestShort, result: string): void;
  took(ms: number): void;
}

/** `2001`, `10415/5001`, `timeout`, `no-peer`. */
export const resultWord = (outcome: Outcome): string => {
  if (outcome.kind === 'timed-out') return outcome.cause === 'time' ? 'timeout' : 'peer-lost';
  if (outcome.kind === 'not-sent') return outcome.reason;
  const { result } = outcome;
  if (!result) return 'none';
  return result.vendorId === 0 ? String(result.code) : `${result.vendorId || VENDOR_3GPP}/${result.code}`;
};

export const createCxTally = (metrics: Metrics): CxTally => {
  const counts = new Map<string, number>();
  const latency = metrics.histogram('homestead_hss_latency_ms', 'From a Cx request to its answer, ms', LATENCY_BUCKETS_MS); // prettier-ignore
  metrics.tallied('homestead_cx_results_total', 'Cx requests by peer, command and result', ['peer', 'command', 'result'], function* () {
    for (const [key, count] of counts) yield [key.split(' '), count] as const;
  }); // prettier-ignore
  return {
    count(peer, command, result) {
      const key = `${peer} ${command} ${result}`;
      const isNew = !counts.has(key);
      const counted = isNew && counts.size >= RESULTS_MAX ? `${peer} ${command} other` : key;
      counts.set(counted, (counts.get(counted) ?? 0) + 1);
    },
    took: (ms) => latency.observe(ms),
  };
};
