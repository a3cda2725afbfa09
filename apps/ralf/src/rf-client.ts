// One accounting request to the first CDF that answers for good. Time-outs, connections that are lost, 3xxx and 4xxx go on to the next one;
// 2xxx and 5xxx are answers. T flag where one before may have it (RFC 6733 §3). Used by accountant.ts.
import { type Body, type DiameterNode, type Outcome, RESULT, resultWord } from '#libs/diameter';
import type { ChargingRecord } from '#libs/domain';
import type { Clock } from '#libs/runtime';
import { type AccountingNames, accountingRequest, digestOf } from './accounting-request.js';
import type { Cdfs } from './cdfs.js';
import type { RfTally } from './rf-tally.js';

export type RfAnswer = Readonly<{
  kind: 'answered';
  result: number;
  cdf: string;
  digest: string;
  retransmitted: boolean;
  interimS?: number;
}>;

export type RfOutcome =
  | RfAnswer
  /** `mayBeDone`: somebody may have it all the same. `isTried`: it was on the wire, or would be another time. */
  | Readonly<{ kind: 'unanswered'; mayBeDone: boolean; isTried: boolean }>;

export type RfClientPorts = Readonly<{
  node: Pick<DiameterNode, 'request'>;
  cdfs: Cdfs;
  clock: Clock;
  tally: RfTally;
  names: AccountingNames;
  /** Of one try. */
  timeoutMs: number;
}>;

export interface RfClient {
  /** `goesOn`: asked before each further CDF. */
  send(record: ChargingRecord, mayBeDone: boolean, goesOn?: () => boolean): Promise<RfOutcome>;
  /** Some CDF of this list is worth a try. */
  isReady(ccf: readonly string[]): boolean;
}

/** For good: taken, or never to be taken (RFC 6733 §7.1.2, §7.1.5). 5xxx of a CDF that cannot write now are 4002. */
const isForGood = (code: number): boolean =>
  (code >= 2000 && code < 3000) || (code >= 5000 && code < 6000) || code === 3008 || code === 3009;

const codeOf = (outcome: Outcome): number | undefined =>
  outcome.kind === 'answered' ? outcome.result?.code : undefined;

/** A request that cannot be written is one that no CDF will ever take: DIAMETER_UNABLE_TO_COMPLY, from nobody. */
const UNWRITABLE = 5012;

export const createRfClient = (ports: RfClientPorts): RfClient => {
  const { node, cdfs, clock, tally, names, timeoutMs } = ports;

  const ask = async (body: Body, peer: string, host: string | undefined, isRetransmitted: boolean) => {
    const startedMs = clock.monotonicMs();
    const to = host === undefined ? body : { ...body, 'Destination-Host': host };
    const outcome = await node.request('ACR', to, { timeoutMs, triesMax: 1, through: [peer], isRetransmitted }); // prettier-ignore
    const isSent = outcome.kind !== 'not-sent';
    tally.count(isSent ? outcome.peer : peer, resultWord(outcome), isRetransmitted && isSent);
    if (outcome.kind === 'answered') tally.took(clock.monotonicMs() - startedMs);
    return outcome;
  };

  return {
    isReady: (ccf) => cdfs.usable(cdfs.routes(ccf)).length > 0,

    async send(record, sentBefore, goesOn = () => true) {
      const body = accountingRequest(record, names);
      const digest = digestOf(body);
      let [mayBeDone, isTried] = [sentBefore, false];
      for (const route of cdfs.usable(cdfs.routes(record.about.ccf))) {
        if (isTried && !goesOn()) break;
        cdfs.tried(route);
        const retransmitted = mayBeDone;
        const outcome = await ask(body, route.peer, route.host, retransmitted);
        if (outcome.kind === 'not-sent') {
          cdfs.notSent(route);
          if (outcome.reason === 'cannot-write')
            return { kind: 'answered', result: UNWRITABLE, cdf: '', digest, retransmitted };
          continue;
        }
        isTried = true;
        const code = codeOf(outcome);
        if (outcome.kind === 'timed-out') {
          mayBeDone = true;
          cdfs.silent(route);
        } else if (code !== undefined && isForGood(code)) {
          cdfs.answered(route);
          const interimS = outcome.answer.avps.get('Acct-Interim-Interval');
          const every = interimS === undefined ? {} : { interimS };
          return { kind: 'answered', result: code, cdf: outcome.peer, digest, retransmitted, ...every };
        } else if (code === RESULT.DIAMETER_UNABLE_TO_DELIVER || code === RESULT.DIAMETER_TOO_BUSY)
          cdfs.unable(route);
        // Of the record, perhaps, and not of the CDF: several in a row tell.
        else cdfs.silent(route);
      }
      return { kind: 'unanswered', mayBeDone, isTried };
    },
  };
};
