// InitialFilterCriteria elements as domain values (TS 29.228 Annex B and E). A criterion that cannot be understood is
// left out with its reason; the others stand. Readers: ims-subscription.ts, criteria-files.ts.
import {
  REGISTRATION_TYPES,
  SESSION_CASES,
  type ApplicationServer,
  type CriteriaProblem,
  type FilterCriterion,
  type RegistrationType,
  type ServicePointTrigger,
  type TriggerCondition,
  type TriggerPoint,
} from '#libs/domain';
import { child, children, has, text, texts, type Parsed, type XmlNode } from './xml-tree.js';

export type ParsedCriteria = Readonly<{
  criteria: readonly FilterCriterion[];
  problems: readonly CriteriaProblem[];
}>;

/** All InitialFilterCriteria children of a node; `where` starts the place that a problem names. */
export const parseCriteria = (parent: XmlNode, where: string): ParsedCriteria => {
  const criteria: FilterCriterion[] = [];
  const problems: CriteriaProblem[] = [];
  children(parent, 'InitialFilterCriteria').forEach((node, index) => {
    // Provisioning writes an empty element for "none".
    if (Object.keys(node).length === 0) return;
    const parsed = parseCriterion(node);
    if (parsed.ok) criteria.push(parsed.value);
    else problems.push({ where: `${where}, criterion ${index}`, reason: parsed.reason });
  });
  return { criteria, problems };
};

const ok = <T>(value: T): Parsed<T> => ({ ok: true, value });
const bad = <T>(reason: string): Parsed<T> => ({ ok: false, reason });

const INTEGER_MAX = 2_147_483_647;

/** xs:int restricted to what the schema allows; undefined for anything else. */
const integer = (value: string | undefined, max = INTEGER_MAX): number | undefined =>
  value !== undefined && /^\+?[0-9]{1,10}$/.test(value) && Number(value) <= max ? Number(value) : undefined;

/** tBool of the schema, and xs:boolean as some servers write it. */
const boolean = (value: string | undefined): boolean | undefined => {
  switch (value?.toLowerCase()) {
    case '0':
    case 'false':
      return false;
    case '1':
    case 'true':
      return true;
    default:
      return undefined;
  }
};

const parseCriterion = (node: XmlNode): Parsed<FilterCriterion> => {
  const priority = has(node, 'Priority') ? integer(text(node, 'Priority')) : 0;
  if (priority === undefined) return bad(`Priority ${text(node, 'Priority')}`);
  const part = has(node, 'ProfilePartIndicator') ? integer(text(node, 'ProfilePartIndicator'), 1) : 2;
  if (part === undefined) return bad(`ProfilePartIndicator ${text(node, 'ProfilePartIndicator')}`);
  const server = parseApplicationServer(child(node, 'ApplicationServer'));
  if (!server.ok) return server;
  const point = child(node, 'TriggerPoint');
  const trigger = point && parseTriggerPoint(point);
  if (trigger && !trigger.ok) return trigger;
  return ok({
    priority,
    ...(part === 2 ? {} : { profilePart: part === 0 ? 'registered' : 'unregistered' }),
    ...(trigger ? { trigger: trigger.value } : {}),
    applicationServer: server.value,
  });
};

const parseApplicationServer = (node: XmlNode | undefined): Parsed<ApplicationServer> => {
  if (!node) return bad('no ApplicationServer');
  const serverName = text(node, 'ServerName');
  if (!serverName) return bad('no ServerName');
  const serviceInfo = text(node, 'ServiceInfo');
  const extension = child(node, 'Extension') ?? {};
  return ok({
    serverName,
    // Only 1 ends the session; absent or anything else lets it go on.
    defaultHandling: text(node, 'DefaultHandling') === '1' ? 'terminated' : 'continued',
    ...(serviceInfo ? { serviceInfo } : {}),
    includeRegisterRequest: has(extension, 'IncludeRegisterRequest'),
    includeRegisterResponse: has(extension, 'IncludeRegisterResponse'),
  });
};

const parseTriggerPoint = (node: XmlNode): Parsed<TriggerPoint> => {
  const cnf = boolean(text(node, 'ConditionTypeCNF'));
  if (cnf === undefined) return bad(`ConditionTypeCNF ${text(node, 'ConditionTypeCNF') ?? 'missing'}`);
  const triggers: ServicePointTrigger[] = [];
  for (const spt of children(node, 'SPT')) {
    const parsed = parseTrigger(spt);
    if (!parsed.ok) return parsed;
    triggers.push(parsed.value);
  }
  return ok({ form: cnf ? 'cnf' : 'dnf', triggers });
};

const parseTrigger = (node: XmlNode): Parsed<ServicePointTrigger> => {
  const negated = has(node, 'ConditionNegated') ? boolean(text(node, 'ConditionNegated')) : false;
  if (negated === undefined) return bad(`ConditionNegated ${text(node, 'ConditionNegated')}`);
  const groups: number[] = [];
  for (const value of texts(node, 'Group')) {
    const group = integer(value);
    if (group === undefined) return bad(`Group ${value}`);
    groups.push(group);
  }
  // Without a group it would take part in nothing, and an AND of nothing would match every request.
  if (groups.length === 0) return bad('SPT without Group');
  const condition = parseCondition(node);
  return condition.ok ? ok({ condition: condition.value, negated, groups }) : condition;
};

const parseCondition = (node: XmlNode): Parsed<TriggerCondition> => {
  if (has(node, 'Method')) return parseMethod(node);
  if (has(node, 'SIPHeader')) return parseSipHeader(child(node, 'SIPHeader') ?? {});
  if (has(node, 'SessionCase')) {
    const sessionCase = SESSION_CASES[integer(text(node, 'SessionCase')) ?? -1];
    return sessionCase
      ? ok({ kind: 'session-case', sessionCase })
      : bad(`SessionCase ${text(node, 'SessionCase')}`);
  }
  if (has(node, 'RequestURI')) return ok({ kind: 'request-uri', pattern: text(node, 'RequestURI') ?? '' });
  if (has(node, 'SessionDescription'))
    return parseSessionDescription(child(node, 'SessionDescription') ?? {});
  const name = Object.keys(node).find((key) => !NOT_CONDITIONS.has(key));
  return name === undefined ? bad('SPT without a condition') : ok({ kind: 'unknown', name });
};

const NOT_CONDITIONS: ReadonlySet<string> = new Set(['ConditionNegated', 'Group', 'Extension', '#text']);

/** RegistrationType stands in the Extension beside Method. */
const parseMethod = (node: XmlNode): Parsed<TriggerCondition> => {
  const method = text(node, 'Method') ?? '';
  const registrationTypes: RegistrationType[] = [];
  for (const extension of children(node, 'Extension'))
    for (const value of texts(extension, 'RegistrationType')) {
      const type = REGISTRATION_TYPES[integer(value) ?? -1];
      if (!type) return bad(`RegistrationType ${value}`);
      registrationTypes.push(type);
    }
  return ok({ kind: 'method', method, registrationTypes });
};

const parseSipHeader = (node: XmlNode): Parsed<TriggerCondition> => {
  const header = text(node, 'Header');
  if (header === undefined) return bad('SIPHeader without Header');
  return ok({ kind: 'sip-header', header, ...contentOf(node) });
};

const parseSessionDescription = (node: XmlNode): Parsed<TriggerCondition> => {
  const line = text(node, 'Line');
  if (line === undefined) return bad('SessionDescription without Line');
  return ok({ kind: 'session-description', line, ...contentOf(node) });
};

const contentOf = (node: XmlNode): { content?: string } => {
  const content = text(node, 'Content');
  return content === undefined ? {} : { content };
};
