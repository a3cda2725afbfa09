// The registrar as Sprout's HTTP port reaches it: the port may listen before the router runs. Filled by whoever starts both.
import type { Administration } from '../registrar/administer.js';
import type { Withdrawal } from '../registrar/withdraw.js';

export type RegistrarDoor = {
  /** Absent: the router does not run yet. */
  withdraw?: (withdrawals: readonly Withdrawal[]) => Promise<void>;
  administration?: Administration;
  /** Removes what has lapsed of an address of record; false: not now. */
  expire?: (aor: string) => Promise<boolean>;
};

/** What Nest knows it by. */
export const REGISTRAR_DOOR = Symbol('registrar door');
