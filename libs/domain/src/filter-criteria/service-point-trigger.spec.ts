import { subjectOf, method, spt } from './criteria.fixture.js';
import type { CriteriaSubject } from './criteria-subject.js';
import { compileTrigger } from './service-point-trigger.js';
import type { RegistrationType, SessionCase, TriggerCondition } from './service-profile.js';

const holds = (condition: TriggerCondition, subject: CriteriaSubject, negated = false): boolean =>
  compileTrigger(spt(condition, [0], negated)).holds(subject);

describe('TS 29.228 Annex B.2.3: service point triggers', () => {
  describe('Method', () => {
    it('is the request method, case kept', () => {
      expect(holds(method('INVITE'), subjectOf({ method: 'INVITE' }))).toBe(true);
      expect(holds(method('INVITE'), subjectOf({ method: 'MESSAGE' }))).toBe(false);
      expect(holds(method('invite'), subjectOf({ method: 'INVITE' }))).toBe(false);
    });

    const register = (...registrationTypes: RegistrationType[]): TriggerCondition => ({
      kind: 'method',
      method: 'REGISTER',
      registrationTypes,
    });
    it('REGISTER without RegistrationType takes any registration', () => {
      for (const registrationType of ['initial', 're-registration', 'de-registration'] as const)
        expect(holds(register(), subjectOf({ method: 'REGISTER', registrationType }))).toBe(true);
    });
    it('RegistrationType 0, 1 and 2 take the initial one, refreshes and de-registrations only', () => {
      const types = ['initial', 're-registration', 'de-registration'] as const;
      for (const wanted of types)
        for (const registrationType of types)
          expect(holds(register(wanted), subjectOf({ method: 'REGISTER', registrationType }))).toBe(
            wanted === registrationType,
          );
    });
    it('several RegistrationTypes are alternatives', () => {
      const condition = register('initial', 'de-registration');
      const registerOf = (registrationType: RegistrationType) =>
        subjectOf({ method: 'REGISTER', registrationType });
      expect(holds(condition, registerOf('de-registration'))).toBe(true);
      expect(holds(condition, registerOf('re-registration'))).toBe(false);
    });
    it('RegistrationType means nothing for other methods', () => {
      const condition: TriggerCondition = {
        kind: 'method',
        method: 'INVITE',
        registrationTypes: ['initial'],
      };
      expect(holds(condition, subjectOf({ method: 'INVITE' }))).toBe(true);
    });
  });

  describe('SIPHeader', () => {
    const header = (name: string, content?: string): TriggerCondition => ({
      kind: 'sip-header',
      header: name,
      ...(content === undefined ? {} : { content }),
    });
    const subject = subjectOf({
      headers: [
        ['Accept-Contact', '*;+g.3gpp.icsi-ref="urn%3Aurn-7"'],
        ['Subject', 'lunch'],
        ['Subject', 'Dinner'],
      ],
    });
    it('without Content asks for presence', () => {
      expect(holds(header('Subject'), subject)).toBe(true);
      expect(holds(header('^Subject$'), subject)).toBe(true);
      expect(holds(header('Reason'), subject)).toBe(false);
      expect(holds(header('^Reason$'), subject)).toBe(false);
    });
    it('names the header by a regular expression, whatever the case', () => {
      expect(holds(header('sUBJECT'), subject)).toBe(true);
      expect(holds(header('^sUBJECT$'), subject)).toBe(true);
      expect(holds(header('^acc[a-z]+-contact$'), subject)).toBe(true);
      expect(holds(header('Accept'), subject)).toBe(true);
      expect(holds(header('^Accept$'), subject)).toBe(false);
    });
    it('Content is searched in each value of the header, case kept', () => {
      expect(holds(header('Subject', 'lunch'), subject)).toBe(true);
      expect(holds(header('Subject', '^D.n+er$'), subject)).toBe(true);
      expect(holds(header('^Subject$', '^D.n+er$'), subject)).toBe(true);
      expect(holds(header('Subject', 'dinner'), subject)).toBe(false);
      expect(holds(header('Accept-Contact', 'lunch'), subject)).toBe(false);
    });
    it('Content may be in any of the headers that the name stands for', () => {
      expect(holds(header('^(Accept-Contact|Subject)$', '^lunch$'), subject)).toBe(true);
      expect(holds(header('^(Accept-Contact|Subject)$', '^breakfast$'), subject)).toBe(false);
    });
    it('judges each request by itself', () => {
      const { holds: compiled } = compileTrigger(spt(header('Subj.*t', 'lunch')));
      expect(compiled(subject)).toBe(true);
      expect(compiled(subjectOf({ headers: [['Subject', 'x']] }))).toBe(false);
      expect(compiled(subject)).toBe(true);
    });
  });

  it('SessionCase 0 to 4 are originating, terminating registered and not, originating not registered, diverting', () => {
    const cases: readonly SessionCase[] = ['orig-reg', 'term-reg', 'term-unreg', 'orig-unreg', 'orig-cdiv'];
    for (const wanted of cases)
      for (const sessionCase of cases)
        expect(holds({ kind: 'session-case', sessionCase: wanted }, subjectOf({ sessionCase }))).toBe(
          wanted === sessionCase,
        );
  });

  describe('RequestURI', () => {
    it.each([
      ['SIP: the host', 'sip:bob@conf.ims.test', '^conf\\.ims\\.test$', true],
      ['SIP: not the user', 'sip:bob@ims.test', 'bob', false],
      ['SIP: host and port', 'sip:ims.test:5070;lr', '^ims\\.test:5070$', true],
      ['SIP: no port unless there is one', 'sip:bob@ims.test', ':5060', false],
      ['SIP: parameters and headers are not looked at', 'sip:bob@ims.test;x=conf?Subject=conf', 'conf', false],
      ['SIP: a user part with ; and ?', 'sip:b;x=1?y@ims.test', '^ims\\.test$', true],
      ['SIP: the case of the host does not matter', 'sip:bob@IMS.Test', '^ims\\.test$', true],
      ['SIPS alike', 'SIPS:bob@ims.test', '^ims\\.test$', true],
      ['SIP: an IPv6 address', 'sip:bob@[2001:db8::1]:5060', '^\\[2001:db8::1\\]:5060$', true],
      ['tel: the number', 'tel:+15551234;phone-context=x', '^\\+1555[0-9]{4}$', true],
      ['tel: as written', 'tel:+1-555-1234', '^\\+1-555', true],
      ['tel: without visual separators', 'tel:+1-(555).1234', '^\\+15551234$', true],
      ['URN: what follows urn:', 'urn:service:sos', '^service:sos', true],
      ['URN: as a whole', 'urn:service:sos.fire', '^urn:service:sos\\.fire$', true],
      ['another scheme', 'http://ims.test', '.*', false],
      ['no scheme at all', 'ims.test', '.*', false],
    ])('%s', (_name, requestUri, pattern, expected) => {
      expect(holds({ kind: 'request-uri', pattern }, subjectOf({ requestUri }))).toBe(expected);
    }); // prettier-ignore
  });

  describe('SessionDescription', () => {
    const line = (type: string, content?: string): TriggerCondition => ({
      kind: 'session-description',
      line: type,
      ...(content === undefined ? {} : { content }),
    });
    const subject = subjectOf({
      sdp: 'v=0\r\no=- 1 1 IN IP4 h\r\nm=audio 4000 RTP/AVP 0\r\na=sendrecv\r\nm=video 4002 RTP/AVP 31\r\n',
    });
    it('without Content asks for a line of the type', () => {
      expect(holds(line('m'), subject)).toBe(true);
      expect(holds(line('k'), subject)).toBe(false);
    });
    it('Line is a regular expression on the type character', () => {
      expect(holds(line('[km]'), subject)).toBe(true);
      expect(holds(line('[kz]'), subject)).toBe(false);
    });
    it('Content is searched in what follows the equals sign of such lines', () => {
      expect(holds(line('m', '^video'), subject)).toBe(true);
      expect(holds(line('m', 'AVP 31$'), subject)).toBe(true);
      expect(holds(line('m', 'message'), subject)).toBe(false);
      expect(holds(line('a', 'video'), subject)).toBe(false);
    });
    it('takes lines without carriage return, and none at the end', () => {
      expect(holds(line('m', '^audio$'), subjectOf({ sdp: 'v=0\nm=audio' }))).toBe(true);
    });
    it('does not hold when the body is no session description', () => {
      expect(holds(line('.'), subjectOf({ sdp: '' }))).toBe(false);
    });
  });

  it('ConditionNegated inverts', () => {
    expect(holds(method('INVITE'), subjectOf(), true)).toBe(false);
    expect(holds(method('MESSAGE'), subjectOf(), true)).toBe(true);
  });

  it('an unknown kind does not hold', () => {
    expect(holds({ kind: 'unknown', name: 'Weather' }, subjectOf())).toBe(false);
    expect(holds({ kind: 'unknown', name: 'Weather' }, subjectOf(), true)).toBe(true);
  });

  it('a pattern that does not compile never holds, negated or not, and is reported', () => {
    const broken: readonly TriggerCondition[] = [
      { kind: 'request-uri', pattern: '(' },
      { kind: 'sip-header', header: '(' },
      { kind: 'sip-header', header: 'Subject', content: '(' },
      { kind: 'session-description', line: '(' },
      { kind: 'session-description', line: 'm', content: '(' },
    ];
    const subject = subjectOf({ headers: [['Subject', '(']], sdp: 'm=(\r\n' });
    for (const condition of broken) {
      const { problem } = compileTrigger(spt(condition));
      expect(problem).toMatch(/\(/);
      expect(holds(condition, subject)).toBe(false);
      expect(holds(condition, subject, true)).toBe(false);
    }
  });
});
