// Which of the last calls filter criteria would have caught (TS 29.228 Annex F), told from what the log keeps of a call: method, Request-URI,
// session case and registration state; no headers and no SDP, so criteria that look at those are named as unsure. Used by ellis.ts.
import {
  type CallEvent,
  compileCriteria,
  type FilterCriterion,
  type SessionCase,
  summarizeDecision,
} from '#libs/domain';
import { parseServiceProfile } from '#libs/homestead-client';
import type { CaughtCall, CriteriaPreview } from '../contract.js';
import type { Live } from '../live/live.js';
import { badRequest, type Outcome, shown } from '../outcome.js';

const CALLS_EXAMINED = 50;
const PROBLEMS_SHOWN_MAX = 5;

type Served = Extract<CallEvent, { type: 'OriginatingServed' | 'TerminatingServed' }>;

const sessionCaseOf = ({ type, data: { registered } }: Served): SessionCase =>
  type === 'OriginatingServed'
    ? registered ? 'orig-reg' : 'orig-unreg'
    : registered ? 'term-reg' : 'term-unreg'; // prettier-ignore

/** Looks at what is not kept. */
const isUnsure = ({ trigger }: FilterCriterion): boolean =>
  trigger?.triggers.some(
    ({ condition: { kind } }) => kind === 'sip-header' || kind === 'session-description',
  ) ?? false;

const compiled = (xml: string) => {
  const parsed = parseServiceProfile(xml);
  if (!parsed.ok) throw badRequest(`ServiceProfile: ${parsed.reason}`);
  const { criteria, problems: misread } = parsed.value;
  const rules = compileCriteria(criteria, misread);
  if (rules.problems.length > 0) {
    const said = rules.problems.slice(0, PROBLEMS_SHOWN_MAX).map(({ where, reason }) => `${where}: ${reason}`);
    throw badRequest(`initial filter criteria: ${said.join('; ')}`);
  }
  return { criteria, rules };
}; // prettier-ignore

export const previewCriteria = async (live: Live, impu: string, xml: string): Promise<Outcome> => {
  const { criteria, rules } = compiled(xml);
  const unsure = criteria.filter(isUnsure).map(({ priority, applicationServer }) => `criterion ${priority} (${applicationServer.serverName})`); // prettier-ignore
  const calls: CaughtCall[] = [];
  let examined = 0;
  for (const { id } of await live.calls(impu, CALLS_EXAMINED)) {
    examined++;
    for (const { event, timeMs } of await live.callEvents(id)) {
      const served = event as Served;
      const isSide = served.type === 'OriginatingServed' || served.type === 'TerminatingServed';
      if (!isSide || served.data.served !== impu) continue;
      const sessionCase = sessionCaseOf(served);
      const { method, from, requestUri } = served.data;
      const subject = { method, requestUri, sessionCase, headerNames: () => [], headerValues: () => [], sdp: () => '' }; // prettier-ignore
      const caught = rules.criteria
        .map((rule) => summarizeDecision(rule.evaluate(subject)))
        .filter(({ matched }) => matched)
        .map(({ priority, serverName: server, reason: trigger }) => ({ priority, server, trigger }));
      if (caught.length > 0)
        calls.push({ id, at: timeMs, method, session_case: sessionCase, from, request_uri: requestUri, caught, unsure }); // prettier-ignore
    }
  }
  return shown({ examined, calls } satisfies CriteriaPreview);
};
