export { type Edge, openPhoneAt, playRound, type Round, type RoundOptions, type User } from './round.js';
export { lineOf, Totals } from './told.js';
