// The shape of a dictionary's rows. Written by the dictionaries, read where they are put together.
import type { AvpType } from '../codec/formats.js';

/** Code, type, 'M' where the bit must be set, then a group's grammar or the values of a closed enumeration. */
export type AvpRow = readonly [
  code: number,
  type: AvpType,
  must: 'M' | '',
  detail?: string | readonly number[],
];
export type AvpRows = Readonly<Record<string, AvpRow>>;
