// A revision as `npm run config -- set --expected` takes it. Reader: config.ts.
import { InvalidArgumentError } from 'commander';

/** 0: it must not be there yet. Throws what the command line tells the user. */
export const revisionOf = (text: string): number => {
  if (!/^\d{1,15}$/.test(text)) throw new InvalidArgumentError('It takes a revision: 0, 1, 2 and so on.');
  return Number(text);
};
