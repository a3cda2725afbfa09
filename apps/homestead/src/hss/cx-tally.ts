// Results of Cx by peer, command and result code, and how long the HSS takes: for GET /metrics (backend.md §1, "Metrics").
// Written by cx-client.ts and pushes.ts.
import { createRequestTally, type RequestShort } from '#libs/diameter';
import type { Metrics } from '#libs/runtime';

export interface CxTally {
  count(peer: string, command: RequestShort, result: string): void;
  took(ms: number): void;
}

export const createCxTally = (metrics: Metrics): CxTally =>
  createRequestTally(metrics, {
    results: ['homestead_cx_results_total', 'Cx requests by peer, command and result'],
    latency: ['homestead_hss_latency_ms', 'From a Cx request to its answer, ms'],
    labels: ['peer', 'command', 'result'],
  });
