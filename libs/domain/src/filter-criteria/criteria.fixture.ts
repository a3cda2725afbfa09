// Requests and criteria for the tests of this folder.
import type { CriteriaSubject } from './criteria-subject.js';
import type { FilterCriterion, ServicePointTrigger, TriggerCondition } from './service-profile.js';

type SubjectParts = Partial<Omit<CriteriaSubject, 'headerNames' | 'headerValues' | 'sdp'>> & {
  headers?: readonly (readonly [string, string])[];
  sdp?: string;
};

export const subjectOf = ({ headers = [], sdp = '', ...rest }: SubjectParts = {}): CriteriaSubject => ({
  method: 'INVITE',
  requestUri: 'sip:bob@ims.test',
  sessionCase: 'orig-reg',
  ...rest,
  headerNames: () => headers.map(([name]) => name),
  headerValues: (name) =>
    headers.filter(([own]) => own.toLowerCase() === name.toLowerCase()).map(([, value]) => value),
  sdp: () => sdp,
});

export const spt = (
  condition: TriggerCondition,
  groups: readonly number[] = [0],
  negated = false,
): ServicePointTrigger => ({ condition, groups, negated });

export const method = (name: string): TriggerCondition => ({
  kind: 'method',
  method: name,
  registrationTypes: [],
});

export const criterionOf = (
  parts: Partial<Omit<FilterCriterion, 'applicationServer'>> & { server?: string } = {},
): FilterCriterion => {
  const { server = 'sip:as.test', ...rest } = parts;
  return {
    priority: 0,
    ...rest,
    applicationServer: {
      serverName: server,
      defaultHandling: 'continued',
      includeRegisterRequest: false,
      includeRegisterResponse: false,
    },
  };
};
