// Call and charging events in words. TS 24.229 §5.4.3 (what the S-CSCF decided), TS 32.260 (what is charged).
import type { CallEvent, ServiceApplied } from '../call/call.js';
import type { Criteria } from '../call/criteria-outcome.js';
import type { CallListEvent } from '../call-list/call-list.js';
import type { AccountingAnswered, ChargingEvent } from '../charging/charging.js';
import type { Retargeting } from '../filter-criteria/retarget.js';

/** One line without the time. */
export const callWords = (event: CallEvent): string => {
  switch (event.type) {
    case 'OriginatingServed':
      return `${event.data.method} ${event.data.from} → ${event.data.requestUri}: originating for ${servedWords(event.data)}, ${criteriaWords(event.data.criteria)}, next ${event.data.next}`;
    case 'CallerHidden':
      return `the caller is not to be named (Privacy: ${event.data.privacy})`;
    case 'TerminatingServed':
      return `${event.data.method} ${event.data.from} → ${event.data.requestUri}: terminating for ${servedWords(event.data)}, ${criteriaWords(event.data.criteria)}, ${targetWords(event.data.targets)}`;
    case 'NextTargetsRung':
      return `${event.data.why === 'refused' ? 'they refused' : 'nobody answered'}: ${targetWords(event.data.targets)}`;
    case 'ServerInvoked':
      return `${event.data.method} ${event.data.from} → ${event.data.requestUri}: ${event.data.role} for ${servedWords(event.data)}, asked ${serverWords(event.data)}`;
    case 'ServerReturned':
      return `${serverWords(event.data)} gave it back as ${event.data.method} → ${event.data.requestUri}, ${RETARGETED[event.data.target]}`;
    case 'ServerFailed':
      return `${serverWords(event.data)} failed: ${event.data.why}; ${event.data.handling === 'continued' ? 'passed over' : 'the session ends'}`;
    case 'ServerAnswered':
      return `${serverWords(event.data)} ${event.data.returned ? 'passed back' : 'answered by itself'} ${event.data.status}`;
    case 'ServiceApplied':
      return serviceWords(event.data);
    case 'NumberTranslated':
      return `ENUM: ${event.data.requestUri} is ${event.data.translated}`;
    case 'BreakoutChosen':
      return `out of this domain by rule ${event.data.rule}: ${event.data.requestUri} along ${event.data.routes.join(', ')}`;
    case 'RequestRefused':
      return `${event.data.method} ${event.data.from} → ${event.data.requestUri}: refused ${event.data.status} (${event.data.role}): ${event.data.why}`;
    case 'CallAnswered':
      return `answered ${event.data.status}${event.data.contact === undefined ? '' : ` by ${event.data.contact}`}`;
    case 'CallFailed':
      return `failed ${event.data.status}${event.data.cancelled ? ', the caller gave up' : ''}`;
    case 'CallEnded':
      return `ended by the ${event.data.by}${event.data.reason === undefined ? '' : ` (${event.data.reason})`}`;
    case 'TargetFlowFailed':
      return `the flow of ${event.data.contact} is gone (430)`;
  }
};

const serverWords = ({ server, priority }: { server: string; priority: number }): string =>
  `${server} (criterion ${priority})`;

const RETARGETED: Readonly<Record<Retargeting, string>> = {
  unchanged: 'the chain goes on',
  alias: 'to another name of the user: the chain goes on',
  routed: 'along its own Route: the chain ends',
  diverted: 'to somebody else: the user diverts the session',
};

const servedWords = ({ served, registered }: { served: string; registered: boolean }): string =>
  `${served}${registered ? '' : ' (not registered)'}`;

const criteriaWords = ({ evaluated, matched }: Criteria): string =>
  evaluated === 0 ? 'no criteria' : `${matched.length} of ${evaluated} criteria matched`;

const targetWords = (targets: readonly { contact: string }[]): string =>
  targets.length === 0 ? 'no binding' : `rang ${targets.map(({ contact }) => contact).join(', ')}`;

/** What stands below the line in the story of a call: each decision and its reason. */
export const callDetails = (event: CallEvent): readonly string[] => {
  if (event.type === 'ServerInvoked') {
    const { sessionCase, trigger, handling } = event.data;
    return [`because ${trigger}; session case ${sessionCase}, default handling ${handling}`];
  }
  if (event.type !== 'OriginatingServed' && event.type !== 'TerminatingServed') return [];
  const { evaluated, matched } = event.data.criteria;
  const others = evaluated - matched.length;
  return [
    ...matched.map(({ priority, server, trigger, invoked, why }) => {
      const asked = invoked ? 'invoked' : `not invoked${why === undefined ? '' : `: ${why}`}`;
      return `criterion ${priority} → ${server} matched (${trigger}), ${asked}`;
    }),
    ...(others > 0 ? [`${others} ${matched.length > 0 ? 'other ' : ''}criteria did not match`] : []),
    ...(event.type === 'TerminatingServed' ? event.data.targets : [])
      .filter(({ bindingId, contact }) => bindingId !== contact)
      .map(({ bindingId, contact }) => `${contact} is binding ${bindingId}`),
  ];
};

/** One line without the time. */
export const callListWords = (event: CallListEvent): string => {
  switch (event.type) {
    case 'CallBegun':
      return `${event.data.direction} call ${event.data.direction === 'incoming' ? 'of' : 'to'} ${event.data.party ?? 'somebody private'} listed`;
    case 'CallConcluded':
      return `listed call ended with ${event.data.status}`;
  }
};

/** One line without the time. */
export const chargingWords = (event: ChargingEvent): string => {
  switch (event.type) {
    case 'ChargingStarted':
      return `START ${partiesWords(event.data)}, answered after ${event.data.answerAtMs - event.data.requestAtMs} ms`;
    case 'ChargingContinued':
      return `INTERIM ${event.data.method}`;
    case 'ChargingStopped':
      return `STOP, cause ${event.data.causeCode}`;
    case 'ChargingEventRecorded':
      return `EVENT ${partiesWords(event.data)}, cause ${event.data.causeCode}`;
    case 'AccountingReceived':
      return `${event.data.kind} of ${event.data.callId}, ${roleWords(event.data)}, told over HTTP`;
    case 'ChargingInterimReached':
      return `time for an INTERIM after record ${event.data.after}`;
    case 'ChargingSessionAbandoned':
      return `STOP, cause ${event.data.causeCode}: nobody ended it`;
    case 'ChargingStartMissed':
      return 'no START has come: the rest goes without it';
    case 'AccountingAnswered':
      return answerWords(event.data);
  }
};

const roleWords = ({ role }: { role: 0 | 1 }): string => (role === 0 ? 'originating' : 'terminating');

const answerWords = ({ record, result, cdf, retransmitted }: AccountingAnswered['data']): string =>
  `record ${record} ${result < 3000 ? 'taken' : 'refused'} by ${cdf} (${result})${retransmitted ? ', sent again' : ''}`;

type Parties = Readonly<{
  method: string;
  nodeFunctionality: number;
  role: 0 | 1;
  callingParty: readonly string[];
  calledParty: string;
}>;

const partiesWords = ({ method, nodeFunctionality, role, callingParty, calledParty }: Parties): string =>
  `${method} ${callingParty.join(', ')} → ${calledParty}, ${roleWords({ role })}${nodeFunctionality === 1 ? ' at the edge' : ''}`;

const serviceWords = ({ service, served, rule, why, status, target }: ServiceApplied['data']): string =>
  `${service} of ${served}, rule ${rule} (${why}): ${target === undefined ? `refused ${status ?? ''}`.trim() : `to ${target}`}`;
