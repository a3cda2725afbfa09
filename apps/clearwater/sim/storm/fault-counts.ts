// How often each kind of fault was injected: a kind that never came has shown nothing.

export const FAULT_KINDS = [
  'loss',
  'duplication',
  'reordering',
  'delay',
  'partition',
  'slowDisk',
  'failingWrite',
  'fullDisk',
  'stuckDisk',
  'storeDown',
  'homesteadDown',
  'brokenConnection',
  'edgeRestart',
  'crash',
  'crashBetweenAppendAndApply',
  'crashBetweenApplyAndAnswer',
  'expiryMeetsRefresh',
  'clearingMeetsRegister',
  'replay',
  'unknownOutcome',
  'duplicateDelivery',
  'readerLag',
  'twoOwners',
  'logAway',
  'cacheNodeLost',
  'cacheNodeAway',
  'cacheEviction',
  'staleRead',
] as const;
export type FaultKind = (typeof FAULT_KINDS)[number];
export type FaultCounts = Record<FaultKind, number>;

export const noFaults = (): FaultCounts =>
  Object.fromEntries(FAULT_KINDS.map((kind) => [kind, 0])) as FaultCounts;

export const addFaults = (to: FaultCounts, more: FaultCounts): void => {
  for (const kind of FAULT_KINDS) to[kind] += more[kind];
};
