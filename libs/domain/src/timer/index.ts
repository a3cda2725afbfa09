import type { Decider } from '#libs/decider';
import { evolveTimer, type Timer, type TimerEvent } from './timer.js';
import { decideTimer, type TimerCommand } from './timer.decide.js';

export * from './timer.js';
export * from './timer.decide.js';

export const timer: Decider<Timer | undefined, TimerCommand, TimerEvent> = {
  initialState: undefined,
  decide: decideTimer,
  evolve: evolveTimer,
};
