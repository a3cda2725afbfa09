// A CPU quota for a process and its children by a control group of the kernel's scheduler (version 1 or 2): what a container
// runtime does for a limit of so many millicores. Needs Linux and the right to make a group. Used by accept.
import { existsSync, mkdirSync, readdirSync, rmdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';

const V1 = '/sys/fs/cgroup/cpu';
const V2 = '/sys/fs/cgroup';
/** Short, so that what is held back is held back for a moment only. */
const PERIOD_US = 10_000;
/** What it may have it gets, whatever else runs: the kernel's largest weights (version 1, 2). */
const SHARES_MAX = 262_144;
const WEIGHT_MAX = 10_000;

export interface CpuQuota {
  /** Puts a process and its threads into the group. */
  hold(pid: number): void;
  remove(): void;
}

/** Throws with what is needed when no group can be made. `cores`: 0.25 is a quarter of one. */
export const createCpuQuota = (name: string, cores: number): CpuQuota => {
  const isV1 = existsSync(path.join(V1, 'cpu.cfs_quota_us'));
  const group = path.join(isV1 ? V1 : V2, name);
  const quotaUs = Math.round(PERIOD_US * cores);
  try {
    if (!existsSync(group)) mkdirSync(group);
    if (isV1) {
      writeFileSync(path.join(group, 'cpu.cfs_period_us'), String(PERIOD_US));
      writeFileSync(path.join(group, 'cpu.cfs_quota_us'), String(quotaUs));
      writeFileSync(path.join(group, 'cpu.shares'), String(SHARES_MAX));
    } else {
      writeFileSync(path.join(group, 'cpu.max'), `${quotaUs} ${PERIOD_US}`);
      writeFileSync(path.join(group, 'cpu.weight'), String(WEIGHT_MAX));
    }
  } catch (error) {
    throw new Error(`no control group can be made in ${path.dirname(group)}: run as root on Linux`, {
      cause: error,
    });
  }
  return {
    hold(pid) {
      writeFileSync(path.join(group, 'cgroup.procs'), String(pid));
    },
    remove() {
      // Processes that have ended may still be listed for a moment.
      if (existsSync(group) && readdirSync(group).length > 0)
        try {
          rmdirSync(group);
        } catch {
          // Left behind empty: the next run uses it again.
        }
    },
  };
};
