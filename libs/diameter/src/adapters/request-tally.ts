// What became of requests by peer and result, and how long peers take: for GET /metrics. Written by the Cx client of homestead and the Rf
// client of ralf.
import { LATENCY_BUCKETS_MS, type Metrics } from '#libs/runtime';
import { VENDOR_3GPP } from '../dictionary/cx.dictionary.js';
import type { Outcome } from '../node/requests.js';

/** Peers are configured and commands are few, but result codes are the peer's to choose: beyond so many, `other`. */
export const RESULTS_MAX = 1_000;

export interface RequestTally {
  /** One request; the last label is its result. */
  count(...labels: readonly string[]): void;
  took(ms: number): void;
}

export type RequestTallyOptions = Readonly<{
  /** Names and words of the two metrics. */
  results: readonly [name: string, help: string];
  latency: readonly [name: string, help: string];
  labels: readonly string[];
}>;

/** `2001`, `10415/5001`, `timeout`, `peer-lost`, `no-peer`. */
export const resultWord = (outcome: Outcome): string => {
  if (outcome.kind === 'timed-out') return outcome.cause === 'time' ? 'timeout' : 'peer-lost';
  if (outcome.kind === 'not-sent') return outcome.reason;
  const { result } = outcome;
  if (!result) return 'none';
  return result.vendorId === 0 ? String(result.code) : `${result.vendorId || VENDOR_3GPP}/${result.code}`;
};

export const createRequestTally = (
  metrics: Metrics,
  { results, latency, labels: names }: RequestTallyOptions,
): RequestTally => {
  const counts = new Map<string, number>();
  const took = metrics.histogram(...latency, LATENCY_BUCKETS_MS);
  metrics.tallied(...results, names, function* () {
    for (const [key, count] of counts) yield [key.split('\n'), count] as const;
  });
  return {
    count(...labels) {
      const key = labels.join('\n');
      const isOneMore = !counts.has(key) && counts.size >= RESULTS_MAX;
      const counted = isOneMore ? [...labels.slice(0, -1), 'other'].join('\n') : key;
      counts.set(counted, (counts.get(counted) ?? 0) + 1);
    },
    took: (ms) => took.observe(ms),
  };
};
