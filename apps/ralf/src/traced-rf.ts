// Rf with a trace of each accounting request of a traced call, until its answer (ACA). Used by start-ralf.ts where calls are traced.
import type { Clock, Traces } from '#libs/runtime';
import type { RfClient, RfOutcome } from './rf-client.js';

type Attributes = Readonly<Record<string, string | number>>;

const attributesOf = (outcome: RfOutcome): Attributes =>
  outcome.kind === 'answered'
    ? { 'diameter.result_code': outcome.result, 'diameter.peer': outcome.cdf }
    : { 'diameter.result_code': 0 };

/** Taken by a CDF. */
const isTaken = (outcome: RfOutcome): boolean => outcome.kind === 'answered' && outcome.result < 3000;

export const tracedRf = (
  rf: RfClient,
  { traces, clock }: Readonly<{ traces?: Traces | undefined; clock: Clock }>,
): RfClient => {
  if (traces === undefined) return rf;
  return {
    isReady: (ccf) => rf.isReady(ccf),
    async send(record, mayBeDone, goesOn) {
      const { icid } = record.about;
      if (icid === undefined || !traces.isTraced(icid)) return rf.send(record, mayBeDone, goesOn);
      const [startMs, sinceMs] = [clock.nowMs(), clock.monotonicMs()];
      const outcome = await rf.send(record, mayBeDone, goesOn);
      traces.tell(icid, {
        part: 'ralf',
        name: `ACR ${record.kind}`,
        place: 'below',
        startMs,
        tookMs: clock.monotonicMs() - sinceMs,
        failed: !isTaken(outcome),
        attributes: { ...attributesOf(outcome), 'diameter.record_number': record.number },
      });
      return outcome;
    },
  };
};
