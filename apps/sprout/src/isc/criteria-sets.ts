// Filter criteria of the operator, beside those of users: shared sets that profiles name, fallback criteria for requests that
// nothing of the profile matched, and the server that stands for none (sip behaviour of Clearwater's S-CSCF).
// Read from files at a start and whenever the process is told to; a file that cannot be read changes nothing.
import {
  type ChainRules,
  compileCriteria,
  type CriteriaProblem,
  type FilterCriterion,
  type SharedCriteriaSets,
} from '#libs/domain';
import { parseFallbackCriteria, parseSharedCriteria } from '#libs/homestead-client';

export type CriteriaSets = Readonly<{
  shared: SharedCriteriaSets;
  /** The part of every chain's rules that is the operator's. */
  chain: Omit<ChainRules, 'criteria'>;
}>;

export const NO_SETS: CriteriaSets = { shared: new Map(), chain: {} };

export type CriteriaSetsOptions = Readonly<{
  /** Text of the files; undefined: there is none. */
  sharedXml: string | undefined;
  fallbackXml: string | undefined;
  /** Asked when nothing of the profile matched. */
  applyFallback: boolean;
  dummyServer: string;
  rejectIfNoMatching: boolean;
}>;

export type CriteriaSetsResult =
  | Readonly<{ ok: true; sets: CriteriaSets; problems: readonly CriteriaProblem[] }>
  | Readonly<{ ok: false; reason: string }>;

/** Reads both files; a broken file is reported and nothing of them is taken, a broken criterion is left out. */
export const readCriteriaSets = (options: CriteriaSetsOptions): CriteriaSetsResult => {
  const { sharedXml, fallbackXml, applyFallback, dummyServer, rejectIfNoMatching } = options;
  const problems: CriteriaProblem[] = [];
  let shared: SharedCriteriaSets = NO_SETS.shared;
  let fallback: readonly FilterCriterion[] = [];
  if (sharedXml !== undefined) {
    const parsed = parseSharedCriteria(sharedXml);
    if (!parsed.ok) return { ok: false, reason: `shared criteria: ${parsed.reason}` };
    shared = parsed.value.sets;
    problems.push(...parsed.value.problems);
  }
  if (fallbackXml !== undefined) {
    const parsed = parseFallbackCriteria(fallbackXml);
    if (!parsed.ok) return { ok: false, reason: `fallback criteria: ${parsed.reason}` };
    fallback = parsed.value.criteria;
    problems.push(...parsed.value.problems);
  }
  const compiled = compileCriteria(fallback);
  const sets: CriteriaSets = {
    shared,
    chain: {
      ...(applyFallback && fallback.length > 0 ? { fallback: compiled } : {}),
      ...(dummyServer === '' ? {} : { dummyServer }),
      ...(rejectIfNoMatching ? { rejectIfNoMatching } : {}),
    },
  };
  return { ok: true, sets, problems: [...problems, ...compiled.problems] };
};
