// Results of Rf by CDF and result code, and how long a CDF takes: for GET /metrics. Written by rf-client.ts.
import { createRequestTally } from '#libs/diameter';
import type { Metrics } from '#libs/runtime';

export interface RfTally {
  count(cdf: string, result: string, isRetransmitted: boolean): void;
  took(ms: number): void;
}

export const createRfTally = (metrics: Metrics): RfTally => {
  const again = metrics.counter('ralf_acr_retransmitted_total', 'Accounting requests sent with the T flag');
  const tally = createRequestTally(metrics, {
    results: ['ralf_acr_results_total', 'Accounting requests by CDF and result'],
    latency: ['ralf_acr_latency_ms', 'From an accounting request to its answer, ms'],
    labels: ['cdf', 'result'],
  });
  return {
    count(cdf, result, isRetransmitted) {
      if (isRetransmitted) again.n++;
      tally.count(cdf, result);
    },
    took: (ms) => tally.took(ms),
  };
};
