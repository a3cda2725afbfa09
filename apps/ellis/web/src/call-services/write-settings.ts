// Settings written into a simservs document (TS 24.623): only what has changed is touched, and what the page does not know stays as it is
// and begins nothing. What was written is read again before it counts. Pure. Reader: the page of call services.
import { elementsOf, parseDocument, type XmlElement } from '#libs/xcap';
import { DocumentEdit, escapeXml, type Names, namesAt, POLICY_NS, SIMSERVS_NS } from './document-edit.js';
import {
  type BarringKind,
  barringRuleOf,
  childNamed,
  DIVERT_KINDS,
  type DivertKind,
  divertRuleOf,
  effective,
  isActive,
  rulesOf,
} from './document-parts.js';
import { OIR, readSettings, settingsOf } from './read-settings.js';
import { type CallSettings, DIVERT_CASES, DIVERT_OFF, type DivertCase } from './settings.js';

export type WrittenSettings = Readonly<{ ok: true; xml: string }> | Readonly<{ ok: false; reason: string }>;

const EMPTY = `<?xml version="1.0" encoding="UTF-8"?>
<simservs xmlns="${SIMSERVS_NS}" xmlns:cp="${POLICY_NS}">
</simservs>
`;

const CASE_OF: Readonly<Record<DivertKind, DivertCase>> = {
  always: 'always',
  busy: 'busy',
  'no-answer': 'noAnswer',
  'not-registered': 'unreachable',
  'not-reachable': 'unreachable',
};

/** What a document can keep: nothing is diverted to nowhere, and nobody is listed twice. */
export const storable = (settings: CallSettings): CallSettings => ({
  ...settings,
  divert: Object.fromEntries(
    DIVERT_CASES.map((name) => {
      const { on, to } = settings.divert[name];
      return [name, to.trim() === '' ? DIVERT_OFF : { on, to: to.trim() }];
    }),
  ) as CallSettings['divert'],
  blocked: [...new Set(settings.blocked)],
  allowed: [...new Set(settings.allowed)],
});

export const sameSettings = (a: CallSettings, b: CallSettings): boolean => JSON.stringify(ordered(a)) === JSON.stringify(ordered(b)); // prettier-ignore

const ordered = (settings: CallSettings): unknown => [
  ...DIVERT_CASES.map((name) => [settings.divert[name].on, settings.divert[name].to]),
  settings.noAnswerAfterS,
  incomingPart(settings),
  settings.barInternational,
  settings.hideNumber,
];

const incomingPart = ({ doNotDisturb, blockAnonymous, blocked, allowed }: CallSettings): unknown => [
  doNotDisturb,
  blockAnonymous,
  blocked,
  allowed,
];
const divertPart = ({ divert, noAnswerAfterS }: CallSettings): unknown => [
  noAnswerAfterS,
  DIVERT_CASES.map((name) => [divert[name].on, divert[name].to]),
];

/** undefined: the user has no document yet. */
export const writeSettings = (before: string | undefined, wanted: CallSettings): WrittenSettings => {
  const xml = before === undefined || before.trim() === '' ? EMPTY : before;
  const parsed = parseDocument(xml);
  if (!parsed.ok) return { ok: false, reason: parsed.fault.reason };
  const { root } = parsed;
  if (root.local !== 'simservs') return { ok: false, reason: `it is no simservs but ${root.name}` };
  const settings = storable(wanted);
  const now = settingsOf(root);
  const edit = new DocumentEdit(xml);
  const writer = new Writer(root, edit);
  const differs = (part: (of: CallSettings) => unknown): boolean =>
    JSON.stringify(part(now)) !== JSON.stringify(part(settings));
  if (differs(divertPart)) writer.diverts(settings);
  if (differs(incomingPart)) writer.incoming(settings);
  if (now.barInternational !== settings.barInternational) writer.outgoing(settings);
  if (now.hideNumber !== settings.hideNumber) writer.restriction(settings.hideNumber);
  const made = edit.apply();
  const again = readSettings(made);
  if (!again.ok) return again;
  return sameSettings(again.settings, settings)
    ? { ok: true, xml: made }
    : { ok: false, reason: 'it has rules that these settings cannot be fitted into' };
};

class Writer {
  readonly #ids: Set<string>;

  constructor(
    private readonly root: XmlElement,
    private readonly edit: DocumentEdit,
  ) {
    const values = elementsOf(root).flatMap(({ attributes }) =>
      attributes.filter(({ local }) => local === 'id'),
    );
    this.#ids = new Set(values.map(({ value }) => value));
  }

  diverts(settings: CallSettings): void {
    const { edit } = this;
    const service = childNamed(this.root, 'communication-diversion');
    const rules = rulesOf(service).map(divertRuleOf);
    const wasActive = service === undefined || isActive(service);
    const anyOn = DIVERT_CASES.some((name) => settings.divert[name].on);
    const added: string[] = [];
    const names = this.#ruleNames(service);
    for (const kind of DIVERT_KINDS) {
      const { on, to } = settings.divert[CASE_OF[kind]];
      const kept = effective(rules, kind);
      for (const rule of rules)
        if (rule.kind === kind && (rule !== kept || to === '')) edit.remove(rule.element);
      if (to === '') continue;
      if (kept === undefined) {
        added.push(this.#divertRule(names, kind, to, on));
        continue;
      }
      if (kept.target?.text.trim() !== to) edit.setText(kept.target!, to);
      // In a service that is off as a whole nothing needs to be off by itself.
      if (on && kept.deactivated !== undefined) edit.remove(kept.deactivated);
      if (!on && kept.deactivated === undefined && (wasActive || anyOn)) this.#deactivate(kept.element);
    }
    if (service === undefined) return this.#newDiversion(settings, added);
    if (anyOn && !wasActive) {
      edit.setActive(service);
      for (const { element, kind } of rules) if (kind === 'other') this.#deactivate(element);
    }
    this.#noReplyTimer(service, settings.noAnswerAfterS);
    this.#addRules(service, added);
  }

  /** Who may call. The rules of ours are written anew: which of several held was told by reading. */
  incoming(settings: CallSettings): void {
    const { doNotDisturb, blockAnonymous, blocked, allowed } = settings;
    this.#barring('incoming-communication-barring', (names) => [
      ...(allowed.length > 0 ? [this.#barringRule(names, 'allowed-callers', callersXml(names, allowed), true)] : []),
      ...(blocked.length > 0 ? [this.#barringRule(names, 'blocked-callers', callersXml(names, blocked), false)] : []),
      ...(blockAnonymous ? [this.#barringRule(names, 'blocked-anonymous', `<${names.ss}anonymous/>`, false)] : []),
      ...(doNotDisturb ? [this.#barringRule(names, 'do-not-disturb', '', false)] : []),
    ]); // prettier-ignore
  }

  outgoing({ barInternational }: CallSettings): void {
    this.#barring('outgoing-communication-barring', (names) =>
      barInternational
        ? [this.#barringRule(names, 'no-international', `<${names.ss}international/>`, false)]
        : [],
    );
  }

  restriction(hide: boolean): void {
    const { edit } = this;
    const value = hide ? 'presentation-restricted' : 'presentation-not-restricted';
    const service = childNamed(this.root, OIR);
    const { ss, declarations } = namesAt(service ?? this.root);
    const behaviour = `<${ss}default-behaviour>${value}</${ss}default-behaviour>`;
    if (service === undefined)
      return this.#addService(`<${ss}${OIR}${declarations} active="true">${behaviour}</${ss}${OIR}>`);
    if (hide) edit.setActive(service);
    const element = childNamed(service, 'default-behaviour');
    if (element !== undefined) edit.setText(element, value);
    else edit.append(service, `<${ss}default-behaviour${declarations}>${value}</${ss}default-behaviour>`);
  }

  // ---- Barring ----

  #barring(name: string, made: (names: Names) => readonly string[]): void {
    const { edit } = this;
    const service = childNamed(this.root, name);
    const added = made(this.#ruleNames(service));
    if (service === undefined) {
      const { ss, declarations } = namesAt(this.root);
      this.#addService(
        `<${ss}${name}${declarations} active="true">${this.#ruleset(namesAt(this.root), added)}</${ss}${name}>`,
      );
      return;
    }
    const rules = rulesOf(service).map(barringRuleOf);
    const isOurs = (kind: BarringKind): boolean => kind !== 'other';
    // A rule that allows everybody made the others mean nothing, and so did a service that was off: they go on meaning nothing.
    const meantNothing = !isActive(service) || rules.some(({ kind }) => kind === 'nobody');
    for (const { element, kind } of rules)
      if (isOurs(kind)) edit.remove(element);
      else if (meantNothing) this.#deactivate(element);
    if (!isActive(service)) edit.setActive(service);
    this.#addRules(service, added);
  }

  #barringRule({ ss, cp, declarations }: Names, id: string, conditions: string, allow: boolean): string {
    return `<${cp}rule${declarations} id="${this.#freeId(id)}"><${cp}conditions>${conditions}</${cp}conditions><${cp}actions><${ss}allow>${String(allow)}</${ss}allow></${cp}actions></${cp}rule>`;
  }

  // ---- Diversion ----

  #divertRule({ ss, cp, declarations }: Names, kind: DivertKind, to: string, on: boolean): string {
    const condition = kind === 'always' ? '' : `<${ss}${kind}/>`;
    const off = on ? '' : `<${ss}rule-deactivated/>`;
    const action = `<${ss}forward-to><${ss}target>${escapeXml(to)}</${ss}target></${ss}forward-to>`;
    return `<${cp}rule${declarations} id="${this.#freeId(`divert-${kind}`)}"><${cp}conditions>${condition}${off}</${cp}conditions><${cp}actions>${action}</${cp}actions></${cp}rule>`;
  }

  #newDiversion({ noAnswerAfterS }: CallSettings, rules: readonly string[]): void {
    const names = namesAt(this.root);
    const { ss, declarations } = names;
    const timer = `<${ss}NoReplyTimer>${noAnswerAfterS}</${ss}NoReplyTimer>`;
    this.#addService(
      `<${ss}communication-diversion${declarations} active="true">${timer}${this.#ruleset(names, rules)}</${ss}communication-diversion>`,
    );
  }

  #noReplyTimer(service: XmlElement, seconds: number): void {
    const timer = childNamed(service, 'NoReplyTimer');
    if (timer !== undefined && timer.text.trim() === String(seconds)) return;
    const { ss, declarations } = namesAt(service);
    if (timer !== undefined) this.edit.setText(timer, String(seconds));
    else this.edit.prepend(service, `<${ss}NoReplyTimer${declarations}>${seconds}</${ss}NoReplyTimer>`);
  }

  // ---- Rules and services ----

  /** Names for rules of a service that is there, or is to be made below the root. */
  #ruleNames(service: XmlElement | undefined): Names {
    return namesAt(childNamed(service, 'ruleset') ?? service ?? this.root);
  }

  #ruleset({ cp, declarations }: Names, rules: readonly string[]): string {
    return rules.length === 0 ? '' : `<${cp}ruleset${declarations}>${rules.join('')}</${cp}ruleset>`;
  }

  #addRules(service: XmlElement, rules: readonly string[]): void {
    if (rules.length === 0) return;
    const set = childNamed(service, 'ruleset');
    if (set !== undefined) this.edit.append(set, rules.join(''));
    else this.edit.append(service, this.#ruleset(namesAt(service), rules));
  }

  /** `extensions` comes last. */
  #addService(xml: string): void {
    const extensions = childNamed(this.root, 'extensions');
    if (extensions === undefined) this.edit.append(this.root, `${xml}\n`);
    else this.edit.insert(extensions.start, `${xml}\n`);
  }

  #deactivate(rule: XmlElement): void {
    const conditions = childNamed(rule, 'conditions');
    if (conditions !== undefined && childNamed(conditions, 'rule-deactivated') !== undefined) return;
    const { ss, cp, declarations } = namesAt(conditions ?? rule);
    const off = `<${ss}rule-deactivated${declarations}/>`;
    if (conditions !== undefined) this.edit.append(conditions, off);
    else
      this.edit.prepend(rule, `<${cp}conditions${declarations}><${ss}rule-deactivated/></${cp}conditions>`);
  }

  /** ids are unique in the whole document (RFC 4745 §7). */
  #freeId(wanted: string): string {
    let id = wanted;
    for (let n = 2; this.#ids.has(id); n++) id = `${wanted}-${n}`;
    this.#ids.add(id);
    return id;
  }
}

const callersXml = ({ cp }: Names, callers: readonly string[]): string =>
  `<${cp}identity>${callers.map((uri) => `<${cp}one id="${escapeXml(uri)}"/>`).join('')}</${cp}identity>`;
