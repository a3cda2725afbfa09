// A simservs document as settings (TS 24.623). What the page does not know is counted, so that it can say that it is there.
// Pure. Reader: the page of call services.
import { parseDocument, type XmlElement } from '#libs/xcap';
import {
  barringRuleOf,
  type BarringKind,
  childNamed,
  divertRuleOf,
  type DivertKind,
  type DivertRule,
  effective,
  isActive,
  rulesOf,
} from './document-parts.js';
import { type CallSettings, type Divert, DIVERT_OFF, NO_ANSWER_S, NO_SETTINGS } from './settings.js';

export type ReadSettings =
  | Readonly<{ ok: true; settings: CallSettings; otherRules: number }>
  /** No document that can be changed here without harm. */
  | Readonly<{ ok: false; reason: string }>;

export const OIR = 'originating-identity-presentation-restriction';

/** undefined: the user has no document yet. */
export const readSettings = (xml: string | undefined): ReadSettings => {
  if (xml === undefined || xml.trim() === '') return { ok: true, settings: NO_SETTINGS, otherRules: 0 };
  const parsed = parseDocument(xml);
  if (!parsed.ok) return { ok: false, reason: parsed.fault.reason };
  if (parsed.root.local !== 'simservs')
    return { ok: false, reason: `it is no simservs but ${parsed.root.name}` };
  return { ok: true, settings: settingsOf(parsed.root), otherRules: otherRulesOf(parsed.root) };
};

export const settingsOf = (root: XmlElement): CallSettings => ({
  ...divertsOf(childNamed(root, 'communication-diversion')),
  ...incomingOf(childNamed(root, 'incoming-communication-barring')),
  ...outgoingOf(childNamed(root, 'outgoing-communication-barring')),
  hideNumber: hidesNumber(childNamed(root, OIR)),
});

const divertsOf = (service: XmlElement | undefined): Pick<CallSettings, 'divert' | 'noAnswerAfterS'> => {
  const rules = rulesOf(service).map(divertRuleOf);
  const active = service !== undefined && isActive(service);
  const of = (kind: DivertKind): Divert => divertOf(effective(rules, kind), active);
  const [absent, unreached] = [of('not-registered'), of('not-reachable')];
  const divert = {
    always: of('always'),
    busy: of('busy'),
    noAnswer: of('no-answer'),
    unreachable: absent.on || (absent.to !== '' && !unreached.on) ? absent : unreached,
  };
  return { divert, noAnswerAfterS: noAnswerAfterS(childNamed(service, 'NoReplyTimer')?.text) };
};

const divertOf = (rule: DivertRule | undefined, active: boolean): Divert =>
  rule?.target === undefined
    ? DIVERT_OFF
    : { on: active && rule.deactivated === undefined, to: rule.target.text.trim() };

const noAnswerAfterS = (text: string | undefined): number => {
  const value = text?.trim() ?? '';
  if (!/^[0-9]{1,9}$/.test(value)) return NO_ANSWER_S.default;
  return Math.min(Math.max(Number(value), NO_ANSWER_S.min), NO_ANSWER_S.max);
};

type Incoming = Pick<CallSettings, 'doNotDisturb' | 'blockAnonymous' | 'blocked' | 'allowed'>;

const incomingOf = (service: XmlElement | undefined): Incoming => {
  const rules = service !== undefined && isActive(service) ? rulesOf(service).map(barringRuleOf) : [];
  const has = (kind: BarringKind): boolean => rules.some((rule) => rule.kind === kind);
  const callers = (kind: BarringKind): readonly string[] => [
    ...new Set(rules.filter((rule) => rule.kind === kind).flatMap((rule) => rule.callers)),
  ];
  // One rule that allows everybody outweighs all that bar (TS 24.611 §4.5.2.4.1).
  const open = has('nobody');
  return {
    doNotDisturb: !open && has('everybody'),
    blockAnonymous: !open && has('anonymous'),
    blocked: open ? [] : callers('blocked'),
    allowed: callers('allowed'),
  };
};

const outgoingOf = (service: XmlElement | undefined): Pick<CallSettings, 'barInternational'> => {
  const rules = service !== undefined && isActive(service) ? rulesOf(service).map(barringRuleOf) : [];
  const has = (kind: BarringKind): boolean => rules.some((rule) => rule.kind === kind);
  return { barInternational: has('international') && !has('nobody') };
};

const hidesNumber = (service: XmlElement | undefined): boolean =>
  service !== undefined &&
  isActive(service) &&
  childNamed(service, 'default-behaviour')?.text.trim().toLowerCase() !== 'presentation-not-restricted';

const otherRulesOf = (root: XmlElement): number => {
  const diverts = rulesOf(childNamed(root, 'communication-diversion')).map((rule) => divertRuleOf(rule).kind);
  const barrings = ['incoming', 'outgoing'].flatMap((side) =>
    rulesOf(childNamed(root, `${side}-communication-barring`)).map((rule) => barringRuleOf(rule).kind),
  );
  return [...diverts, ...barrings].filter((kind) => kind === 'other').length;
};
