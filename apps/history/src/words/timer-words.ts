// Timer events in words. Used by describe-event.ts.
import { assertNever } from '#libs/decider';
import type { TimerEvent, TimerOrder } from '#libs/domain';

const orderWords = ({ intervalS, repeatForS, uri }: TimerOrder): string =>
  repeatForS > intervalS
    ? `every ${intervalS} s for ${repeatForS} s, calls back ${uri}`
    : `in ${intervalS} s, calls back ${uri}`;

export const timerWords = ({ type, data }: TimerEvent): string => {
  switch (type) {
    case 'TimerSet':
      return `set: ${orderWords(data)}`;
    case 'TimerPopped':
      return `callback ${data.sequence} taken`;
    case 'CallbackFailed':
      return `callback ${data.sequence} given up after ${data.tries} tries: ${data.reason}`;
    case 'TimerCancelled':
      return 'cancelled';
    case 'TimerCarriedOn':
      return `goes on after callback ${data.sequence}: ${orderWords(data)}`;
    case 'DeadLetterResolved':
      return data.how === 'delivered'
        ? `callback ${data.sequence} taken after all`
        : `callback ${data.sequence} thrown away`;
    default:
      return assertNever(type);
  }
};
