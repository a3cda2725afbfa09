// What went wrong on our side, as an answer (docs/architecture.md §6): never as if the document were not there.
import { CommandRejected } from '#libs/decider';
import { AppendRefused, AppendUnknown } from '#libs/event-log';
import { StoreUnavailable } from '#libs/stores';
import { conflicting, refusal, unavailable, uncertain, type XcapAnswer } from './answer.js';

export const faultAnswer = (error: unknown): XcapAnswer => {
  if (error instanceof CommandRejected)
    return conflicting({ kind: 'constraint-failure', phrase: error.message });
  if (error instanceof AppendUnknown)
    return uncertain('it is not known whether the change was kept: read it, or repeat the request');
  if (error instanceof AppendRefused || error instanceof StoreUnavailable)
    return unavailable('the store does not answer or takes no changes now');
  return refusal(500, 'internal error');
};
