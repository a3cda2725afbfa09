// The simservs document as domain values (TS 24.623 and the service schemas of TS 24.604, 24.607, 24.608, 24.611; RFC 4745).
// Names are compared without prefixes. What cannot be understood in a rule makes that rule false; a document over a bound
// is refused. Readers: Sprout's MMTEL server, and whoever provisions documents.
import {
  CALL_OUTCOMES,
  type CommunicationBarring,
  type CommunicationDiversion,
  CONDITION_VALUES_MAX,
  type ForwardTo,
  type IdentityRestriction,
  noReplyTimerS,
  RULE_CONDITIONS_MAX,
  type RuleCondition,
  SERVICE_RULES_MAX,
  type ServiceRule,
  type Simservs,
  SIMSERVS_LENGTH_MAX,
} from '#libs/domain';
import { attribute, child, childNames, children, parseXml, text, texts, type Parsed, type XmlNode } from './xml-tree.js'; // prettier-ignore

/** The services of a document; a reason for one that is none, or that is over a bound. */
export const parseSimservs = (xml: string): Parsed<Simservs> => {
  if (xml.length > SIMSERVS_LENGTH_MAX)
    return { ok: false, reason: `longer than ${SIMSERVS_LENGTH_MAX} characters` };
  const parsed = parseXml(xml, { attributes: true });
  if (!parsed.ok) return parsed;
  const root = child(parsed.value, 'simservs');
  if (root === undefined) return { ok: false, reason: 'no simservs' };
  try {
    return { ok: true, value: simservsOf(root) };
  } catch (error) {
    if (error instanceof OverBound) return { ok: false, reason: error.message };
    throw error;
  }
};

/** The document is refused as a whole: half of somebody's rules would be another set of rules. */
class OverBound extends Error {}

const bounded = <T>(list: readonly T[], max: number, what: string): readonly T[] => {
  if (list.length > max) throw new OverBound(`more than ${max} ${what}`);
  return list;
};

const simservsOf = (root: XmlNode): Simservs => {
  const problems: string[] = [];
  const at = (name: string): XmlNode | undefined => child(root, name);
  const diversion = at('communication-diversion');
  const incoming = at('incoming-communication-barring');
  const outgoing = at('outgoing-communication-barring');
  const oir = at('originating-identity-presentation-restriction');
  const tir = at('terminating-identity-presentation-restriction');
  const oip = at('originating-identity-presentation');
  const tip = at('terminating-identity-presentation');
  const waiting = at('communication-waiting');
  return {
    ...(oip && { originatingIdentityPresentation: isActive(oip) }),
    ...(tip && { terminatingIdentityPresentation: isActive(tip) }),
    ...(oir && { originatingIdentityRestriction: restrictionOf(oir) }),
    ...(tir && { terminatingIdentityRestriction: restrictionOf(tir) }),
    ...(waiting && { communicationWaiting: isActive(waiting) }),
    ...(diversion && { communicationDiversion: diversionOf(diversion, problems) }),
    ...(incoming && { incomingBarring: barringOf(incoming, 'incoming', problems) }),
    ...(outgoing && { outgoingBarring: barringOf(outgoing, 'outgoing', problems) }),
    problems,
  };
};

const isFalse = (value: string | undefined): boolean => {
  const lower = value?.trim().toLowerCase();
  return lower === 'false' || lower === '0';
};
const isTrue = (value: string | undefined): boolean => {
  const lower = value?.trim().toLowerCase();
  return lower === 'true' || lower === '1';
};

/** TS 24.623 §6.1: absent is active. */
const isActive = (node: XmlNode): boolean => !isFalse(attribute(node, 'active'));

const restrictionOf = (node: XmlNode): IdentityRestriction => ({
  active: isActive(node),
  restricted: text(node, 'default-behaviour')?.toLowerCase() !== 'presentation-not-restricted',
});

/** The rules of a service, in a ruleset as RFC 4745 has them, or directly below it as older documents do. */
const rulesOf = <A>(
  service: XmlNode,
  name: string,
  problems: string[],
  actionOf: (actions: XmlNode) => A | string,
): readonly ServiceRule<A>[] => {
  const sets = [service, ...children(service, 'ruleset')];
  const nodes = bounded(
    sets.flatMap((set) => children(set, 'rule')),
    SERVICE_RULES_MAX,
    `rules for ${name}`,
  );
  return nodes.flatMap((node, index) => {
    const id = attribute(node, 'id') ?? `rule ${index + 1}`;
    const action = actionOf(child(node, 'actions') ?? {});
    if (typeof action === 'string') {
      problems.push(`${name} ${id}: ${action}`);
      return [];
    }
    const conditions = conditionsOf(child(node, 'conditions') ?? {});
    for (const condition of conditions)
      if (condition.kind === 'unknown')
        problems.push(`${name} ${id}: condition ${condition.name} is not known`);
    return [{ id, conditions, action }];
  });
};

const diversionOf = (node: XmlNode, problems: string[]): CommunicationDiversion => ({
  active: isActive(node),
  noReplyTimerS: noReplyTimerS(text(node, 'NoReplyTimer')),
  rules: rulesOf(node, 'communication-diversion', problems, forwardToOf),
});

const forwardToOf = (actions: XmlNode): ForwardTo | string => {
  const forward = child(actions, 'forward-to');
  const target = forward && text(forward, 'target');
  if (forward === undefined || !target) return 'nowhere to forward to';
  return {
    target,
    notifyCaller: !isFalse(text(forward, 'notify-caller')),
    // TS 24.604 §4.9.1.4: false, or what a later release refines it to (not-reveal-GRUU still reveals).
    revealToTarget: !isFalse(text(forward, 'reveal-identity-to-target')),
  };
};

const barringOf = (node: XmlNode, side: string, problems: string[]): CommunicationBarring => ({
  active: isActive(node),
  rules: rulesOf(node, `${side}-communication-barring`, problems, (actions) => ({
    allow: isTrue(text(actions, 'allow')),
  })),
});

const conditionsOf = (node: XmlNode): readonly RuleCondition[] =>
  bounded(
    childNames(node).flatMap((name) =>
      name === 'media'
        ? texts(node, name).map((media): RuleCondition => ({ kind: 'media', media: media.toLowerCase() }))
        : children(node, name).map((element) => conditionOf(name, element)),
    ),
    RULE_CONDITIONS_MAX,
    'conditions in a rule',
  );

/** Conditions that are there or not, by their element's name. */
const PLAIN: ReadonlyMap<string, RuleCondition> = new Map<string, RuleCondition>([
  ...CALL_OUTCOMES.map((kind) => [kind, { kind }] as const),
  ...(
    ['rule-deactivated', 'anonymous', 'international', 'roaming', 'communication-diverted', 'other-identity'] as const
  ).map((kind) => [kind, { kind }] as const),
  ['international-exHC', { kind: 'international-exhc' }],
]); // prettier-ignore

const conditionOf = (name: string, node: XmlNode): RuleCondition => {
  if (name === 'identity') return identityOf(node);
  if (name === 'validity') return validityOf(node);
  return PLAIN.get(name) ?? { kind: 'unknown', name };
};

/** RFC 4745 §7.1: one of these, or any of those. With an element that is not known it cannot be told who is meant. */
const identityOf = (node: XmlNode): RuleCondition => {
  if (childNames(node).some((name) => name !== 'one' && name !== 'many'))
    return { kind: 'unknown', name: 'identity' };
  const ones = children(node, 'one').map((one) => attribute(one, 'id') ?? '');
  const many = children(node, 'many').map((group) => {
    const domain = attribute(group, 'domain');
    const excepts = children(group, 'except');
    return {
      ...(domain === undefined ? {} : { domain }),
      exceptIdentities: attributesOf(excepts, 'id'),
      exceptDomains: attributesOf(excepts, 'domain'),
    };
  });
  bounded(
    [...ones, ...many, ...many.flatMap(({ exceptIdentities, exceptDomains }) => [...exceptIdentities, ...exceptDomains])],
    CONDITION_VALUES_MAX,
    'identities in a condition',
  ); // prettier-ignore
  return { kind: 'identity', ones: ones.filter((id) => id !== ''), many };
};

const attributesOf = (nodes: readonly XmlNode[], name: string): readonly string[] =>
  nodes.flatMap((node) => attribute(node, name) ?? []);

/** RFC 4745 §7.2: pairs of from and until, each with its time zone. */
const validityOf = (node: XmlNode): RuleCondition => {
  const from = texts(node, 'from').map(instant);
  const until = texts(node, 'until').map(instant);
  bounded(from, CONDITION_VALUES_MAX, 'spans in a condition');
  const spans = from.flatMap((fromMs, index) => {
    const untilMs = until[index];
    return fromMs === undefined || untilMs === undefined ? [] : [{ fromMs, untilMs }];
  });
  const understood = spans.length > 0 && spans.length === from.length && from.length === until.length;
  return understood ? { kind: 'validity', spans } : { kind: 'unknown', name: 'validity' };
};

const INSTANT =
  /^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]{1,9})?(?:Z|[+-][0-9]{2}:[0-9]{2})$/;

const instant = (value: string): number | undefined => {
  const ms = INSTANT.test(value) ? Date.parse(value) : NaN;
  return Number.isNaN(ms) ? undefined : ms;
};
