// The operator's shared and fallback filter criteria files: shared_ifcs.xml and fallback_ifcs.xml.
// Reader: Sprout, at start and when they change. A broken file is reported whole; a broken criterion by itself.
import type { CriteriaProblem, FilterCriterion, SharedCriteriaSets } from '#libs/domain';
import { parseCriteria, type ParsedCriteria } from './filter-criteria-xml.js';
import { child, children, parseXml, text, type Parsed } from './xml-tree.js';

export type SharedCriteriaFile = Readonly<{ sets: SharedCriteriaSets; problems: readonly CriteriaProblem[] }>;

/** SharedIFCsSets/SharedIFCsSet{SetID, InitialFilterCriteria*}. Of two sets with one id the first stands. */
export const parseSharedCriteria = (xml: string): Parsed<SharedCriteriaFile> => {
  const parsed = parseXml(xml);
  if (!parsed.ok) return parsed;
  const root = child(parsed.value, 'SharedIFCsSets');
  if (!root) return { ok: false, reason: 'no SharedIFCsSets' };
  const sets = new Map<number, readonly FilterCriterion[]>();
  const problems: CriteriaProblem[] = [];
  children(root, 'SharedIFCsSet').forEach((node, index) => {
    const id = text(node, 'SetID') ?? '';
    const where = `set ${index}`;
    if (!/^[0-9]{1,10}$/.test(id)) problems.push({ where, reason: `SetID ${id || 'missing'}` });
    else if (sets.has(Number(id))) problems.push({ where, reason: `SetID ${id} is there already` });
    else {
      const { criteria, problems: skipped } = parseCriteria(node, `set ${id}`);
      sets.set(Number(id), criteria);
      problems.push(...skipped);
    }
  });
  return { ok: true, value: { sets, problems } };
};

/** FallbackIFCsSet{InitialFilterCriteria*}. */
export const parseFallbackCriteria = (xml: string): Parsed<ParsedCriteria> => {
  const parsed = parseXml(xml);
  if (!parsed.ok) return parsed;
  const root = child(parsed.value, 'FallbackIFCsSet');
  return root
    ? { ok: true, value: parseCriteria(root, 'fallback') }
    : { ok: false, reason: 'no FallbackIFCsSet' };
};
