// The parts of a simservs document that the page understands, found by their shape and not by who wrote them (TS 24.623, TS 24.604 §4.9,
// TS 24.611 §4.9, RFC 4745). Names are compared without prefixes, as the router compares them. Read by read-settings.ts and write-settings.ts.
import type { XmlElement } from '#libs/xcap';

export type DivertKind = 'always' | 'busy' | 'no-answer' | 'not-registered' | 'not-reachable';
export const DIVERT_KINDS = ['always', 'busy', 'no-answer', 'not-registered', 'not-reachable'] as const satisfies readonly DivertKind[]; // prettier-ignore

/** `other`: a rule that the page does not show and leaves as it is. */
export type BarringKind =
  'everybody' | 'nobody' | 'anonymous' | 'blocked' | 'allowed' | 'international' | 'other';

export type DivertRule = Readonly<{
  element: XmlElement;
  kind: DivertKind | 'other';
  target: XmlElement | undefined;
  deactivated: XmlElement | undefined;
}>;
export type BarringRule = Readonly<{ element: XmlElement; kind: BarringKind; callers: readonly string[] }>;

export const childNamed = (element: XmlElement | undefined, local: string): XmlElement | undefined =>
  element?.children.find((child) => child.local === local);

/** `active` absent is true (TS 24.623 §6.1). */
export const isActive = (service: XmlElement): boolean => {
  const value = service.attributes.find(({ local }) => local === 'active')?.value.trim();
  return value !== 'false' && value !== '0';
};

/** In a ruleset, or directly below the service as older documents have them. */
export const rulesOf = (service: XmlElement | undefined): readonly XmlElement[] => {
  if (service === undefined) return [];
  const sets = [service, ...service.children.filter(({ local }) => local === 'ruleset')];
  return sets.flatMap((set) => set.children.filter(({ local }) => local === 'rule'));
};

const conditionsOf = (rule: XmlElement): readonly XmlElement[] =>
  rule.children.filter(({ local }) => local === 'conditions').flatMap(({ children }) => children);

const DIVERT_BY_CONDITION: ReadonlyMap<string, DivertKind> = new Map(
  DIVERT_KINDS.filter((kind) => kind !== 'always').map((kind) => [kind, kind]),
);

export const divertRuleOf = (element: XmlElement): DivertRule => {
  const conditions = conditionsOf(element);
  const deactivated = conditions.find(({ local }) => local === 'rule-deactivated');
  const telling = conditions.filter(({ local }) => local !== 'rule-deactivated');
  const target = childNamed(childNamed(childNamed(element, 'actions'), 'forward-to'), 'target');
  const single = telling.length === 1 ? DIVERT_BY_CONDITION.get(telling[0]!.local) : undefined;
  const shape = telling.length === 0 ? 'always' : single;
  const usable = target !== undefined && target.text.trim() !== '';
  return { element, kind: usable && shape !== undefined ? shape : 'other', target, deactivated };
};

/** The callers of an identity condition that only lists them; undefined: it says more than that. */
const callersOf = (condition: XmlElement): readonly string[] | undefined => {
  if (condition.local !== 'identity' || condition.children.length === 0) return undefined;
  const ids = condition.children.map((one) =>
    one.local === 'one' && one.children.length === 0
      ? one.attributes.find(({ local }) => local === 'id')?.value
      : undefined,
  );
  return ids.every((id) => id !== undefined && id !== '') ? (ids as readonly string[]) : undefined;
};

const allows = (rule: XmlElement): boolean =>
  /^(?:true|1)$/.test(childNamed(childNamed(rule, 'actions'), 'allow')?.text.trim() ?? '');

export const barringRuleOf = (element: XmlElement): BarringRule => {
  const conditions = conditionsOf(element);
  const [first] = conditions;
  const allowed = allows(element);
  const is = (kind: BarringKind, callers: readonly string[] = []): BarringRule => ({
    element,
    kind,
    callers,
  });
  if (first === undefined) return is(allowed ? 'nobody' : 'everybody');
  if (conditions.length > 1) return is('other');
  const callers = callersOf(first);
  if (callers !== undefined) return is(allowed ? 'allowed' : 'blocked', callers);
  if (allowed) return is('other');
  if (first.local === 'anonymous') return is('anonymous');
  return is(
    first.local === 'international' || first.local === 'international-exHC' ? 'international' : 'other',
  );
};

/** What is in effect when several rules say the same: the first that is not switched off. */
export const effective = (rules: readonly DivertRule[], kind: DivertKind): DivertRule | undefined => {
  const same = rules.filter((rule) => rule.kind === kind);
  return same.find(({ deactivated }) => deactivated === undefined) ?? same[0];
};
