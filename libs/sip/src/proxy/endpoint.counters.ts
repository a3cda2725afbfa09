// What one endpoint counts since its start. Writer: endpoint.ts; reader: the apps' metrics pages.

export interface EndpointCounters {
  requests: number;
  responses: number;
  /** Requests that were already being handled or answered. */
  retransmissions: number;
  /** Input that does not parse, and requests without a usable Via. */
  malformed: number;
  /** Responses without a transaction: dropped (RFC 6026 §7.3, §8.2). */
  strayResponses: number;
  /** Responses to a transaction that came in by another listener than its request went out: dropped. */
  misplacedResponses: number;
  /** Requests refused here, by status: 400, 420, 482, 483. */
  refused: Record<number, number>;
  /** Requests refused because of TRANSACTIONS_MAX, by EndpointOptions.admits, or while draining. */
  overload: number;
  /** Answers that had to be forgotten while a retransmission might still ask for them. */
  replaysForgotten: number;
  /** Responses that could not be sent. */
  responsesLost: number;
  /** ACKs that could not be sent. */
  acksLost: number;
  /** Promises of the resolver that were rejected. */
  resolverFailures: number;
  /** Exceptions in the users' callbacks. */
  defects: number;
}

export const newCounters = (): EndpointCounters => ({
  requests: 0,
  responses: 0,
  retransmissions: 0,
  malformed: 0,
  strayResponses: 0,
  misplacedResponses: 0,
  refused: {},
  overload: 0,
  replaysForgotten: 0,
  responsesLost: 0,
  acksLost: 0,
  resolverFailures: 0,
  defects: 0,
});

/** The counters by the names that operators see, read when they are asked for. */
export const endpointCounts = (
  counters: Readonly<EndpointCounters>,
): Readonly<Record<string, () => number>> => ({
  request: () => counters.requests,
  response: () => counters.responses,
  retransmission: () => counters.retransmissions,
  malformed: () => counters.malformed,
  'stray-response': () => counters.strayResponses,
  'misplaced-response': () => counters.misplacedResponses,
  refused: () => Object.values(counters.refused).reduce((sum, count) => sum + count, 0),
  overload: () => counters.overload,
  'replay-forgotten': () => counters.replaysForgotten,
  'response-lost': () => counters.responsesLost,
  'ack-lost': () => counters.acksLost,
  'resolver-failure': () => counters.resolverFailures,
  defect: () => counters.defects,
});
