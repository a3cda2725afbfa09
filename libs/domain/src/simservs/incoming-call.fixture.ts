// Calls for the tests of services: a subject of which a test says only what matters.
import type { RuleSubject } from './service-rules.js';

type Plain = Readonly<{
  nowMs: number;
  outcome: RuleSubject['outcome'];
  parties: readonly string[];
  anonymous: boolean;
  media: readonly string[];
  diverted: boolean;
  international: boolean;
  roaming: boolean;
}>;

export const call = (told: Partial<Plain> = {}): RuleSubject => ({
  nowMs: told.nowMs ?? 1_000,
  outcome: told.outcome,
  parties: () => told.parties ?? ['sip:alice@ims.test'],
  anonymous: () => told.anonymous ?? false,
  media: () => told.media ?? ['audio'],
  diverted: () => told.diverted ?? false,
  international: () => told.international ?? false,
  roaming: () => told.roaming ?? false,
});
