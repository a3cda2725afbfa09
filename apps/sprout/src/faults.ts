// Faults of infrastructure as answers: 500 with a random Retry-After, 504 when a back end timed out, never 403, 404
// or 480 (docs/architecture.md §6). 503 is never used here: it would make the client leave the whole node.
import { AppendRefused, AppendUnknown } from '#libs/event-log';
import type { HomesteadFailure } from '#libs/homestead-client';
import type { Random } from '#libs/runtime';
import type { ServerTransaction } from '#libs/sip';
import { StoreUnavailable } from '#libs/stores';
import { HomerFault } from './mmtel/homer-fault.js';
import type { SproutPorts } from './ports.js';

const RETRY_AFTER_MIN_S = 5;
const RETRY_AFTER_MAX_S = 30;

/** `Retry-After: 5…30`, spread so that clients do not come back together. */
export const retryAfter = (random: Random): string =>
  `Retry-After: ${RETRY_AFTER_MIN_S + Math.floor(random.fraction() * (RETRY_AFTER_MAX_S - RETRY_AFTER_MIN_S + 1))}\r\n`;

export const replyFault = (tx: ServerTransaction, { random }: Pick<SproutPorts, 'random'>): void =>
  tx.reply(500, 'Server Internal Error', retryAfter(random));

/** True when Homestead's failure says something about the infrastructure, not about the user. */
export const isInfrastructure = (failure: HomesteadFailure): boolean =>
  failure !== 'not-found' && failure !== 'forbidden' && failure !== 'bad-request';

/** Nobody answered in time: 504. Everything else that is no answer about the user is 500. */
export const isTimeout = (failure: HomesteadFailure): boolean =>
  failure === 'timeout' || failure === 'hss-unreachable';

/** Answers for a back end that failed: 504 when it gave no answer in time, else 500. */
export const replyBackEndFault = (
  tx: ServerTransaction,
  failure: HomesteadFailure,
  ports: Pick<SproutPorts, 'random' | 'observer'>,
): void => {
  ports.observer.fault(isTimeout(failure) ? 'homestead-timeout' : 'homestead-unavailable');
  if (isTimeout(failure)) tx.reply(504, 'Server Time-out');
  else replyFault(tx, ports);
};

/** A word for the fault counter. */
const faultKind = (error: unknown): string => {
  if (error instanceof AppendUnknown) return 'append-unknown';
  if (error instanceof AppendRefused) return 'append-refused';
  if (error instanceof StoreUnavailable) return 'store-unavailable';
  if (error instanceof HomerFault) return `homer-${error.kind}`;
  return 'defect';
};

/** The end of every handler's promise: a request is answered whatever went wrong. */
export const answerFault = (
  tx: ServerTransaction,
  error: unknown,
  ports: Pick<SproutPorts, 'random' | 'observer'>,
): void => {
  ports.observer.fault(faultKind(error), error);
  if (tx.answered) return;
  if (error instanceof HomerFault && error.kind === 'timeout') tx.reply(504, 'Server Time-out');
  else replyFault(tx, ports);
};
