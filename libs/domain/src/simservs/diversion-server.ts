// The diversion server that needs no document: everything is in the server name of the filter criterion, as in
// `sip:cdiv.ims.test;conditions=busy+no-answer;target=sip%3Avm%40ims.test;no-reply-timer=20`. Pure.
import { CALL_OUTCOMES, noReplyTimerS, type Simservs, type ServiceRule, type ForwardTo } from './simservs.js';

const OUTCOMES: ReadonlySet<string> = new Set(CALL_OUTCOMES);

/** Parameters of the server's URI, escapes undone. */
export type ServerParameter = (name: string) => string | undefined;

/** The services that such a server gives: diversion to one target on any of the conditions, or always when none is named. */
export const diversionServer = (parameter: ServerParameter): Simservs => {
  const target = parameter('target') ?? '';
  if (target === '') return { problems: ['the server name has no target'] };
  const named = (parameter('conditions') ?? '').split('+').filter((name) => name !== '');
  const action: ForwardTo = { target, notifyCaller: true, revealToTarget: true };
  const rules = named.flatMap((name): ServiceRule<ForwardTo>[] =>
    OUTCOMES.has(name)
      ? [{ id: name, conditions: [{ kind: name as (typeof CALL_OUTCOMES)[number] }], action }]
      : [],
  );
  const always: ServiceRule<ForwardTo> = { id: 'unconditional', conditions: [], action };
  return {
    communicationDiversion: {
      active: true,
      noReplyTimerS: noReplyTimerS(parameter('no-reply-timer')),
      rules: named.length === 0 || named.includes('unconditional') ? [always] : rules,
    },
    problems: named
      .filter((name) => !OUTCOMES.has(name) && name !== 'unconditional')
      .map((name) => `condition ${name} is not known`),
  };
};
