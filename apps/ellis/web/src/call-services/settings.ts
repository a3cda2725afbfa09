// Call services as people think of them. Made from a simservs document by read-settings.ts, written back into it by write-settings.ts.
// Pure data: the page shows it and changes it.

/** When a call goes somewhere else. */
export type DivertCase = 'always' | 'busy' | 'noAnswer' | 'unreachable';
export const DIVERT_CASES = [
  'always',
  'busy',
  'noAnswer',
  'unreachable',
] as const satisfies readonly DivertCase[];

/** `to` is a URI; it is remembered while the diversion is off. */
export type Divert = Readonly<{ on: boolean; to: string }>;

export type CallSettings = Readonly<{
  /** Nobody gets through but the allowed callers. */
  doNotDisturb: boolean;
  divert: Readonly<Record<DivertCase, Divert>>;
  noAnswerAfterS: number;
  hideNumber: boolean;
  barInternational: boolean;
  blockAnonymous: boolean;
  /** URIs. */
  blocked: readonly string[];
  allowed: readonly string[];
}>;

/** TS 24.604 §4.8: how long a phone rings before "no answer". */
export const NO_ANSWER_S = { min: 5, max: 180, default: 20 } as const;
/** Callers in one list; Homer and the router take 500 in a condition. */
export const CALLERS_MAX = 500;

export const DIVERT_OFF: Divert = { on: false, to: '' };

export const NO_SETTINGS: CallSettings = {
  doNotDisturb: false,
  divert: { always: DIVERT_OFF, busy: DIVERT_OFF, noAnswer: DIVERT_OFF, unreachable: DIVERT_OFF },
  noAnswerAfterS: NO_ANSWER_S.default,
  hideNumber: false,
  barInternational: false,
  blockAnonymous: false,
  blocked: [],
  allowed: [],
};
