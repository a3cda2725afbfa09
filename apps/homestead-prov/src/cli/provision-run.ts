// Many subscribers, some at a time: progress, a summary, and a stop when the trouble is not theirs but the server's.
// Used by provision.ts.
import { HttpFault } from '#libs/http-pool';
import type { BulkSubscriber } from './bulk-csv.js';
import { type ClientPorts, type Done, provisionOne, ProvisioningRefused } from './provision-client.js';

export type Failure = Readonly<{ impu: string; reason: string }>;
export type Summary = Readonly<Record<Done, number> & { failures: readonly Failure[]; notTried: number }>;

export type RunOptions = Readonly<{
  ports: ClientPorts;
  subscribers: readonly BulkSubscriber[];
  concurrency: number;
  url: string;
  ifcXml?: string;
  onProgress: (done: number) => void;
}>;

export const CONCURRENCY_MAX = 64;
/** Failures after which a run gives up: the next ones would say the same. */
export const FAILURES_MAX = 20;

/** True when every other subscriber would fail alike. */
const isHopeless = (error: unknown): boolean =>
  error instanceof HttpFault || (error instanceof ProvisioningRefused && error.status === 401);

const explain = (error: unknown, url: string): string => {
  if (error instanceof HttpFault) {
    return error.kind === 'timeout'
      ? `${url} does not answer in time; run the same command again to go on (--concurrency lowers the load)`
      : `cannot reach ${url}: is it running? Start it with npm start, or name another with --url`;
  }
  return error instanceof Error ? error.message : String(error);
};

export const runProvisioning = async (options: RunOptions): Promise<Summary> => {
  const { ports, subscribers, concurrency, url, ifcXml, onProgress } = options;
  const counts: Record<Done, number> = { created: 0, changed: 0, unchanged: 0 };
  const failures: Failure[] = [];
  let next = 0;
  let hopeless = false;

  const work = async (): Promise<void> => {
    while (!hopeless && failures.length < FAILURES_MAX) {
      const subscriber = subscribers[next++];
      if (!subscriber) return;
      try {
        counts[await provisionOne(ports, subscriber, ifcXml)] += 1;
      } catch (error) {
        failures.push({ impu: subscriber.impu, reason: explain(error, url) });
        hopeless ||= isHopeless(error);
      }
      onProgress(counts.created + counts.changed + counts.unchanged + failures.length);
    }
  };
  await Promise.all(Array.from({ length: Math.min(concurrency, CONCURRENCY_MAX) }, work));
  const tried = counts.created + counts.changed + counts.unchanged + failures.length;
  return { ...counts, failures, notTried: subscribers.length - tried };
};

const FAILURES_SHOWN_MAX = 5;

/** The last lines that the operator sees. */
export const describeSummary = (summary: Summary, tookMs: number): string[] => {
  const { created, changed, unchanged, failures, notTried } = summary;
  const lines = [
    `${created} created, ${changed} changed, ${unchanged} already there, in ${(tookMs / 1000).toFixed(1)} s`,
  ];
  if (failures.length === 0) return lines;
  lines.push(`${failures.length} failed${notTried > 0 ? `, ${notTried} not tried` : ''}:`);
  // Those that say the same are told once.
  const byReason = new Map<string, string[]>();
  for (const { impu, reason } of failures) byReason.set(reason, [...(byReason.get(reason) ?? []), impu]);
  for (const [reason, impus] of [...byReason].slice(0, FAILURES_SHOWN_MAX)) {
    const others = impus.length > 1 ? ` and ${impus.length - 1} more` : '';
    lines.push(`  ${impus[0] ?? ''}${others}: ${reason}`);
  }
  return lines;
};
