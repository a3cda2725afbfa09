// The owner of an embedded log: it has one partition, and one process has all of it. Port: partition-owners.port.ts.
import type { LeavableOwners } from '../../partition-owners.port.js';

const ALL = { gained: [0], lost: [] } as const;

export const createSoleOwner = (): LeavableOwners => {
  let isStopped = false;
  return {
    partitions: 1,
    partitionOf: () => 0,
    owns: () => !isStopped,
    isSure: true,
    onChange(listener) {
      if (!isStopped) listener(ALL);
      return () => undefined;
    },
    stop() {
      isStopped = true;
      return Promise.resolve();
    },
    leave: () => Promise.resolve(),
    comeBack: () => Promise.resolve(),
  };
};
