// Chains, criteria and requests for the tests of this folder.
import { compileCriteria, type ChainRules, type FilterCriterion } from '#libs/domain';
import { parseMessage, type SipMessage } from '#libs/sip';
import { type Chain, type Served, startChain } from './chain.js';

export const ALICE: Served = {
  impu: 'sip:alice@ims.test',
  aor: 'sip:alice@ims.test',
  registered: true,
  aliases: ['sip:alice@ims.test'],
  ccf: [],
  ecf: [],
};

/** For every request of this method. */
export const criterionFor = (method: string, server: string, priority = 0): FilterCriterion => ({
  priority,
  trigger: {
    form: 'cnf',
    triggers: [{ condition: { kind: 'method', method, registrationTypes: [] }, negated: false, groups: [0] }],
  },
  applicationServer: {
    serverName: server,
    defaultHandling: 'continued',
    includeRegisterRequest: false,
    includeRegisterResponse: false,
  },
});

export const rulesOf = (
  criteria: readonly FilterCriterion[],
  more: Omit<ChainRules, 'criteria'> = {},
): ChainRules => ({ criteria: compileCriteria(criteria), ...more });

export const chainBy = (rules: ChainRules): Chain => startChain('originating', 'orig-reg', ALICE, rules);

export const requestOf = (method: string, headers: readonly string[] = []): SipMessage => {
  const lines = [
    `${method} sip:bob@ims.test SIP/2.0`,
    'Via: SIP/2.0/TCP edge.ims.test:5058;branch=z9hG4bK1',
    'From: <sip:alice@ims.test>;tag=a1',
    'To: <sip:bob@ims.test>',
    'Call-ID: call-1',
    `CSeq: 1 ${method}`,
    ...headers,
  ];
  const parsed = parseMessage(`${lines.join('\r\n')}\r\n\r\n`);
  if (!parsed.ok) throw new Error(parsed.reason);
  return parsed.message;
};
