// Number: which account a number of the pool belongs to, so that it belongs to one only (docs/architecture.md §2, "Expect").
// Stream: number-<SIP URI>. backend.md §9. Taken before it is provisioned, given back after it is provisioned no longer: what a crash
// left in between is seen from `isProvisioned`. Written by ellis; folded into lines-by-account.
import { assertNever, CommandRejected, type Decider } from '#libs/decider';
import type { AskedBy } from './account.js';

// ---- Events: stored for ever; schemas/number/*.json is the published shape ----

type OfAccount = Readonly<{
  /** SIP URI. */
  number: string;
  account: string;
  by: AskedBy;
}>;

export type NumberAllocated = Readonly<{
  type: 'NumberAllocated';
  data: OfAccount &
    Readonly<{
      numberId: string;
      privateId: string;
      pstn: boolean;
      /** Named by who asked, not drawn from the pool. */
      specified: boolean;
      atMs: number;
    }>;
}>;
/** Its subscriber is complete: the line works. */
export type NumberProvisioned = Readonly<{ type: 'NumberProvisioned'; data: OfAccount }>;
/** It stands in the address book, or stands there no longer. */
export type NumberListed = Readonly<{
  type: 'NumberListed';
  data: OfAccount & Readonly<{ listed: boolean }>;
}>;
/** Its subscriber is gone: anybody may have it. */
export type NumberReleased = Readonly<{ type: 'NumberReleased'; data: OfAccount }>;
export type LineNumberEvent = NumberAllocated | NumberProvisioned | NumberListed | NumberReleased;

export const LINE_NUMBER_EVENT_TYPES = [
  'NumberAllocated',
  'NumberProvisioned',
  'NumberListed',
  'NumberReleased',
] as const satisfies readonly LineNumberEvent['type'][];

// ---- State: undefined: it is free ----

export type LineNumber = Readonly<{
  number: string;
  account: string;
  numberId: string;
  privateId: string;
  pstn: boolean;
  specified: boolean;
  atMs: number;
  listed: boolean;
  isProvisioned: boolean;
}>;
export type LineNumberState = LineNumber | undefined;

export const NUMBER_STREAM = 'number-';
export const numberStream = (number: string): string => NUMBER_STREAM + number;

// ---- Commands ----

export type AllocateNumber = Readonly<{ type: 'AllocateNumber'; data: NumberAllocated['data'] }>;
export type ConfirmNumber = Readonly<{ type: 'ConfirmNumber'; data: OfAccount }>;
export type ListNumber = Readonly<{ type: 'ListNumber'; data: NumberListed['data'] }>;
export type ReleaseNumber = Readonly<{ type: 'ReleaseNumber'; data: OfAccount }>;
export type LineNumberCommand = AllocateNumber | ConfirmNumber | ListNumber | ReleaseNumber;

export type LineNumberRefusal = 'NumberTaken' | 'UnknownNumber';

const ownedBy = (state: LineNumberState, { account, number }: OfAccount): LineNumber => {
  if (state?.account !== account) throw new CommandRejected<LineNumberRefusal>('UnknownNumber', number);
  return state;
};

const allocate = (state: LineNumberState, { data }: AllocateNumber): LineNumberEvent[] => {
  // Asked again by who was not told what became of it: the id is of that one allocation.
  if (state?.numberId === data.numberId && state.account === data.account) return [];
  if (state !== undefined) throw new CommandRejected<LineNumberRefusal>('NumberTaken', data.number);
  return [{ type: 'NumberAllocated', data }];
};

const confirm = (state: LineNumberState, { data }: ConfirmNumber): LineNumberEvent[] =>
  ownedBy(state, data).isProvisioned ? [] : [{ type: 'NumberProvisioned', data }];

const list = (state: LineNumberState, { data }: ListNumber): LineNumberEvent[] =>
  ownedBy(state, data).listed === data.listed ? [] : [{ type: 'NumberListed', data }];

const release = (state: LineNumberState, { data }: ReleaseNumber): LineNumberEvent[] => {
  ownedBy(state, data);
  return [{ type: 'NumberReleased', data }];
};

const allocated = ({ by: _by, ...data }: NumberAllocated['data']): LineNumber => ({
  ...data,
  listed: false,
  isProvisioned: false,
});

export const lineNumber: Decider<LineNumberState, LineNumberCommand, LineNumberEvent> = {
  initialState: undefined,

  decide(state, command) {
    switch (command.type) {
      case 'AllocateNumber':
        return allocate(state, command);
      case 'ConfirmNumber':
        return confirm(state, command);
      case 'ListNumber':
        return list(state, command);
      case 'ReleaseNumber':
        return release(state, command);
      default:
        return assertNever(command);
    }
  },

  evolve(state, { event }) {
    switch (event.type) {
      case 'NumberAllocated':
        return allocated(event.data);
      case 'NumberProvisioned':
        return state && { ...state, isProvisioned: true };
      case 'NumberListed':
        return state && { ...state, listed: event.data.listed };
      case 'NumberReleased':
        return undefined;
      default:
        return assertNever(event);
    }
  },
};
