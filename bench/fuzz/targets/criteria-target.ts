// Service profiles: XML, filter criteria and their patterns, compiled and run on a request. What must hold: every document is
// read or refused with a reason, every criterion compiled or told as a problem, and a decision comes of it. TS 29.228 Annex B, E.
import {
  allInChain, compileProfile, CRITERIA_MAX, type CriteriaSubject, describeDecision,
} from '#libs/domain'; // prettier-ignore
import { defaultImpu, impusOf, parseImsSubscription, serviceProfileOf } from '#libs/homestead-client';
import { must, mustEqual, type Target } from '../target.js';

const criterion = (priority: number, cnf: 0 | 1, ...conditions: readonly string[]): string =>
  `<InitialFilterCriteria><Priority>${priority}</Priority><TriggerPoint><ConditionTypeCNF>${cnf}</ConditionTypeCNF>${conditions
    .map((condition, group) => `<SPT><ConditionNegated>0</ConditionNegated><Group>${group}</Group>${condition}</SPT>`)
    .join('')}</TriggerPoint><ApplicationServer><ServerName>sip:as${priority}.ims.test</ServerName><DefaultHandling>1</DefaultHandling></ApplicationServer></InitialFilterCriteria>`; // prettier-ignore

const identity = (text: string, extension = ''): string =>
  `<PublicIdentity><BarringIndication>0</BarringIndication><Identity>${text}</Identity>${extension}</PublicIdentity>`;

const DOCUMENT = `<?xml version="1.0" encoding="UTF-8"?>\n<IMSSubscription xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"><PrivateID>alice@ims.test</PrivateID><!-- c --><ServiceProfile>${identity('sip:alice@ims.test')}${identity('sip:a!.*!@ims.test', '<Extension><IdentityType>3</IdentityType><Extension><Extension><WildcardedIMPU>sip:a!.*!@ims.test</WildcardedIMPU></Extension></Extension></Extension>')}${criterion(1, 0, '<Method>INVITE</Method>', '<SessionCase>0</SessionCase>')}${criterion(2, 1, '<RequestURI>^conf[0-9]*\\.ims\\.test$</RequestURI>', '<SIPHeader><Header>Accept-.*</Header><Content>.*(icsi|a&amp;b).*</Content></SIPHeader>')}${criterion(3, 1, '<SessionDescription><Line>m</Line><Content><![CDATA[^video]]></Content></SessionDescription>', '<Method>REGISTER</Method><Extension><RegistrationType>1</RegistrationType></Extension>')}</ServiceProfile></IMSSubscription>`; // prettier-ignore

const TOKENS = ['<SPT>', '</SPT>', '<Group>1</Group>', '<![CDATA[', ']]>', '<!--', '-->', '<!DOCTYPE x [<!ENTITY a "b">]>', '&a;', '&#0;', '&#x41;', '&lt;', '<a:b xmlns:a="x"/>', '(a+)+$', '(.*)*', '((a{99}){99}){99}', '[^', '\\b', '(?=x)', '.{1,1000}', '|', '<__proto__>', '<constructor/>', '<Extension>', '<Priority>-1</Priority>', '<ServiceProfile>', '<?x?>']; // prettier-ignore

const subject: CriteriaSubject = {
  method: 'INVITE',
  requestUri: 'sip:conf1.ims.test;user=phone',
  sessionCase: 'orig-reg',
  headerNames: () => ['Accept-Contact', 'From'],
  headerValues: () => ['*;+g.3gpp.icsi-ref="urn%3Aurn-7%3A3gpp-service.ims.icsi.mmtel"', 'a'.repeat(400)],
  sdp: () => 'v=0\r\no=- 1 1 IN IP4 10.0.0.5\r\nm=audio 4000 RTP/AVP 0 8 101\r\n',
};

export const criteriaTarget = (): Target => ({
  name: 'criteria',
  seeds: [DOCUMENT],
  tokens: TOKENS,
  run(input) {
    const parsed = parseImsSubscription(input);
    if (!parsed.ok) {
      must(parsed.reason !== '', 'a refusal has a reason');
      return parsed.reason.slice(0, 24);
    }
    const { value } = parsed;
    let outcome = `${value.serviceProfiles.length}`;
    for (const profile of value.serviceProfiles) {
      const criteria = compileProfile(profile);
      must(criteria.criteria.length <= CRITERIA_MAX, 'criteria are bounded', criteria.criteria.length);
      const { invoke } = allInChain({ criteria }, subject);
      for (const decision of invoke) must(describeDecision(decision) !== '', 'a decision can be told');
      must(invoke.every(({ matched }) => matched), 'only what matched is invoked');
      outcome += ` ${criteria.criteria.length} ${invoke.length} ${[...new Set(criteria.problems.map(({ reason }) => reason.slice(0, 16)))].join()}`;
    }
    const impus = impusOf(value);
    const unbarred = impus.find(({ barred }) => !barred)?.impu;
    mustEqual('the default is the first that is not barred', defaultImpu(value), unbarred);
    for (const { publicIdentities } of value.serviceProfiles)
      for (const { identity: impu } of publicIdentities.slice(0, 20))
        must(serviceProfileOf(value, impu) !== undefined, 'every identity has a profile', impu);
    must(Object.keys(Object.prototype).length === 0, 'nothing got into every object');
    return outcome.replace(/\d/g, (digit) => 'abcdefghij'.charAt(Number(digit)));
  },
}); // prettier-ignore
