// Results of Rf by CDF and result code, and how long a CDF takes: for GET /metrics. Written by rf-client.ts.
import type { Outcome } from '#libs/diameter';
import { LATENCY_BUCKETS_MS, type Metrics } from '#libs/runtime';

/** CDFs are configured, but result codes are theirs to choose: beyond this many, `other`. */
export const RESULTS_MAX = 1_000;

export interface RfTally {
  count(cdf: string, result: string, isRetransmitted: boolean): void;
  took(ms: number): void;
}

/** `2001`, `timeout`, `peer-lost`, `no-peer`. */
export const resultWord = (outcome: Outcome): string => {
  if (outcome.kind === 'timed-out') return outcome.cause === 'time' ? 'timeout' : 'peer-lost';
  if (outcome.kind === 'not-sent') return outcome.reason;
  return outcome.result === undefined ? 'none' : String(outcome.result.code);
};

export const createRfTally = (metrics: Metrics): RfTally => {
  const counts = new Map<string, number>();
  const again = metrics.counter('ralf_acr_retransmitted_total', 'Accounting requests sent with the T flag');
  const latency = metrics.histogram('ralf_acr_latency_ms', 'From an accounting request to its answer, ms', LATENCY_BUCKETS_MS); // prettier-ignore
  metrics.tallied('ralf_acr_results_total', 'Accounting requests by CDF and result', ['cdf', 'result'], function* () {
    for (const [key, count] of counts) yield [key.split('\n'), count] as const;
  }); // prettier-ignore
  return {
    count(cdf, result, isRetransmitted) {
      if (isRetransmitted) again.n++;
      const key = `${cdf}\n${result}`;
      const counted = !counts.has(key) && counts.size >= RESULTS_MAX ? `${cdf}\nother` : key;
      counts.set(counted, (counts.get(counted) ?? 0) + 1);
    },
    took: (ms) => latency.observe(ms),
  };
};
