// What the rows of docs/architecture.md's table of what users see allow, in the form in which answers are judged, and the times that rows of one kind share.
// Read by rows.ts and cut-rows.ts: whether a process fails or the way to it makes no difference to what users may see.
import { type Allowed, NO_ANSWER } from './answers.js';

/** How long most faults last. */
export const HOLD_MS = 12_000;
/** Of a consumer group: session time-out, rebalance, and one second. */
export const OWNER_GONE_MS_MAX = 17_000;

export const NOTHING: readonly Allowed[] = [];
export const LOG_AWAY: readonly Allowed[] = [{ REGISTER: [500], needsRetryAfter: true }];
export const CASSANDRA_AWAY: readonly Allowed[] = [{ REGISTER: [500, 504], INVITE: [500, 504] }];

const LOST = [408, 500, 504, NO_ANSWER];
/** Of a Sprout: what was with it. */
export const IN_FLIGHT: readonly Allowed[] = [
  { REGISTER: LOST, INVITE: LOST, BYE: LOST, isInFlightOnly: true },
];
/** Of the second Bono: who comes to it. */
export const AT_A_BONO: readonly Allowed[] = [{ REGISTER: [NO_ANSWER, 500, 503], edge: 2 }];
/** Of a Bono that clients reach and routers do not: dialogs and flows that are anchored there, and nothing of registrations. */
export const ANCHORED_THERE: readonly Allowed[] = [{ INVITE: LOST, BYE: LOST, edge: 1 }];
