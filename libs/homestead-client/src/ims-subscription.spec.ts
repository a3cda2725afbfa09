import fc from 'fast-check';
import { compileProfile, type CriteriaSubject } from '#libs/domain';
import { defaultImpu, impusOf, matchesWildcard, parseImsSubscription, parseServiceProfile, serviceProfileOf } from './ims-subscription.js'; // prettier-ignore
import { XML_LENGTH_MAX } from './xml-tree.js';

const parsed = (xml: string) => {
  const result = parseImsSubscription(xml);
  if (!result.ok) throw new Error(result.reason);
  return result.value;
};
const reasonOf = (xml: string): string => {
  const result = parseImsSubscription(xml);
  return result.ok ? 'parsed' : result.reason;
};

const subscription = (profiles: string, head = '<PrivateID>alice@ims.test</PrivateID>'): string =>
  `<?xml version="1.0" encoding="UTF-8"?><IMSSubscription>${head}${profiles}</IMSSubscription>`;
const profile = (content: string): string => subscription(`<ServiceProfile>${content}</ServiceProfile>`);
const identity = (uri: string, more = ''): string =>
  `<PublicIdentity><Identity>${uri}</Identity>${more}</PublicIdentity>`;
const server = '<ApplicationServer><ServerName>sip:as.test</ServerName></ApplicationServer>';
const criterion = (content: string, as = server): string =>
  profile(`<InitialFilterCriteria>${content}${as}</InitialFilterCriteria>`);
const spt = (condition: string): string =>
  criterion(`<TriggerPoint><ConditionTypeCNF>1</ConditionTypeCNF><SPT><Group>0</Group>${condition}</SPT></TriggerPoint>`); // prettier-ignore
const conditionOf = (condition: string) =>
  parsed(spt(condition)).serviceProfiles[0]?.criteria[0]?.trigger?.triggers[0]?.condition;
const problemsOf = (xml: string) => parsed(xml).serviceProfiles.flatMap(({ problems }) => problems);

describe('an IMSSubscription document (TS 29.228 Annex E)', () => {
  it('gives identities and criteria as they stand', () => {
    const xml = profile(`
      ${identity('sip:alice@ims.test')}
      ${identity('tel:+15551234', '<BarringIndication>1</BarringIndication>')}
      <InitialFilterCriteria>
        <Priority> 3 </Priority>
        <TriggerPoint>
          <ConditionTypeCNF>0</ConditionTypeCNF>
          <SPT><ConditionNegated>0</ConditionNegated><Group>0</Group><Method>INVITE</Method></SPT>
          <SPT><ConditionNegated>1</ConditionNegated><Group>0</Group><Group>1</Group><SessionCase>1</SessionCase></SPT>
        </TriggerPoint>
        <ApplicationServer>
          <ServerName>sip:as.test:5080;transport=tcp</ServerName>
          <DefaultHandling>1</DefaultHandling>
          <ServiceInfo>x &amp; y</ServiceInfo>
          <Extension><IncludeRegisterRequest/><IncludeRegisterResponse/></Extension>
        </ApplicationServer>
        <ProfilePartIndicator>1</ProfilePartIndicator>
      </InitialFilterCriteria>
      <Extension><SharedIFCSetID>7</SharedIFCSetID><SharedIFCSetID>9</SharedIFCSetID></Extension>`);
    expect(parsed(xml)).toEqual({
      privateId: 'alice@ims.test',
      serviceProfiles: [
        {
          publicIdentities: [
            { identity: 'sip:alice@ims.test', barred: false, kind: 'distinct' },
            { identity: 'tel:+15551234', barred: true, kind: 'distinct' },
          ],
          criteria: [
            {
              priority: 3,
              profilePart: 'unregistered',
              trigger: {
                form: 'dnf',
                triggers: [
                  { condition: { kind: 'method', method: 'INVITE', registrationTypes: [] }, negated: false, groups: [0] },
                  { condition: { kind: 'session-case', sessionCase: 'term-reg' }, negated: true, groups: [0, 1] },
                ],
              },
              applicationServer: {
                serverName: 'sip:as.test:5080;transport=tcp',
                defaultHandling: 'terminated',
                serviceInfo: 'x & y',
                includeRegisterRequest: true,
                includeRegisterResponse: true,
              },
            },
          ],
          sharedSetIds: [7, 9],
          problems: [],
        },
      ],
    });
  }); // prettier-ignore

  it('reads several service profiles', () => {
    const xml = subscription(
      `<ServiceProfile>${identity('sip:a@t')}</ServiceProfile><ServiceProfile>${identity('sip:b@t')}</ServiceProfile>`,
    );
    expect(parsed(xml).serviceProfiles.map(({ publicIdentities }) => publicIdentities[0]?.identity)).toEqual([
      'sip:a@t',
      'sip:b@t',
    ]);
  });

  it('ignores namespace prefixes, comments and attributes', () => {
    const xml = `<cx:IMSSubscription xmlns:cx="urn:x"><!-- c --><cx:ServiceProfile a="b"><cx:PublicIdentity>
      <cx:Identity>sip:a@t</cx:Identity></cx:PublicIdentity></cx:ServiceProfile></cx:IMSSubscription>`;
    expect(defaultImpu(parsed(xml))).toBe('sip:a@t');
  });

  it('reads it inside ClearwaterRegData', () => {
    const xml = `<ClearwaterRegData><RegistrationState>REGISTERED</RegistrationState>${subscription(
      `<ServiceProfile>${identity('sip:a@t')}</ServiceProfile>`,
    ).replace(/<\?.*\?>/, '')}</ClearwaterRegData>`;
    expect(defaultImpu(parsed(xml))).toBe('sip:a@t');
  });

  it('decodes CDATA, the five entities and character references', () => {
    expect(conditionOf('<RequestURI><![CDATA[^a&b<c$]]></RequestURI>')).toEqual({
      kind: 'request-uri',
      pattern: '^a&b<c$',
    });
    expect(conditionOf('<RequestURI>&lt;&gt;&amp;&quot;&apos;&#65;&#x42;</RequestURI>')).toEqual({
      kind: 'request-uri',
      pattern: `<>&"'AB`,
    });
  });

  it('refuses what is not safe or not XML, with a reason', () => {
    const entity = '<!DOCTYPE x [<!ENTITY a "b">]><IMSSubscription>&a;</IMSSubscription>';
    expect(reasonOf(entity)).toBe('has a document type declaration');
    expect(reasonOf(`${'<a>'.repeat(40)}${'</a>'.repeat(40)}`)).toMatch(/nested/);
    expect(reasonOf(profile(' '.repeat(XML_LENGTH_MAX)))).toMatch(/longer/);
    expect(reasonOf('<IMSSubscription>')).toMatch(/line 1/);
    expect(reasonOf('')).not.toBe('parsed');
    expect(reasonOf('<other/>')).toBe('no IMSSubscription');
  });

  it('an empty document has no profile, no default identity', () => {
    expect(parsed('<IMSSubscription/>')).toEqual({ serviceProfiles: [] });
    expect(defaultImpu(parsed('<IMSSubscription/>'))).toBe(undefined);
  });

  it('never throws', () => {
    const tag = fc.constantFrom(
      'IMSSubscription', 'ServiceProfile', 'PublicIdentity', 'Identity', 'InitialFilterCriteria', 'SPT', 'Extension',
      'TriggerPoint', 'ConditionTypeCNF', 'Group', 'Method', 'SIPHeader', 'Header', 'ApplicationServer', 'ServerName',
      'constructor', 'toString', 'SessionDescription', 'hasOwnProperty',
    ); // prettier-ignore
    const { tree } = fc.letrec<{ tree: string; node: string }>((tie) => ({
      tree: fc.array(tie('node'), { maxLength: 4 }).map((nodes) => nodes.join('')),
      node: fc.oneof(
        { maxDepth: 8 },
        fc.constantFrom('0', '1', 'x', '&amp;', '&bad;', '<', ']]>', '<![CDATA[x]]>', '<!--', '<?pi?>'),
        fc.tuple(tag, tie('tree')).map(([name, content]) => `<${name}>${content}</${name}>`),
        tag.map((name) => `<${name}/>`),
      ),
    }));
    fc.assert(
      fc.property(tree, fc.string(), (content, noise) => {
        for (const xml of [content, noise, subscription(content), profile(content), criterion(content)]) {
          const result = parseImsSubscription(xml);
          if (!result.ok) expect(result.reason).not.toBe('');
          else
            for (const found of result.value.serviceProfiles)
              compileProfile(found).criteria[0]?.evaluate(subject);
        }
      }),
      { numRuns: 500 },
    );
  });
  const subject: CriteriaSubject = {
    method: 'INVITE',
    requestUri: 'sip:a@t',
    sessionCase: 'orig-reg',
    headerNames: () => ['From'],
    headerValues: () => ['x'],
    sdp: () => 'v=0\r\n',
  };
});

describe('public identities (TS 29.228 Annex B.2.1)', () => {
  const extension = (type: number, more = ''): string =>
    `<Extension><IdentityType>${type}</IdentityType>${more}</Extension>`;

  it('the default identity is the first that is not barred', () => {
    const barred = '<BarringIndication>1</BarringIndication>';
    const notBarred = '<BarringIndication>0</BarringIndication>';
    const xml = profile(identity('sip:a@t', barred) + identity('sip:b@t', notBarred) + identity('sip:c@t'));
    expect(defaultImpu(parsed(xml))).toBe('sip:b@t');
    expect(defaultImpu(parsed(profile(identity('sip:a@t', barred))))).toBe(undefined);
  });

  it('lists each identity of the set once, in document order', () => {
    const xml = subscription(
      `<ServiceProfile>${identity('sip:a@t')}${identity('sip:b@t')}</ServiceProfile><ServiceProfile>${identity('sip:a@t')}</ServiceProfile>`,
    );
    expect(impusOf(parsed(xml))).toEqual([
      { impu: 'sip:a@t', barred: false },
      { impu: 'sip:b@t', barred: false },
    ]);
  });

  it('knows wildcards, whatever the depth of Extension', () => {
    const psi = identity('sip:x@t', extension(2, '<WildcardedPSI>sip:p!.*!@t</WildcardedPSI>'));
    const impu = identity(
      'sip:y@t',
      extension(4, '<Extension><DisplayName>Y</DisplayName><Extension><WildcardedIMPU>sip:y!.*!@t</WildcardedIMPU></Extension></Extension>'),
    ); // prettier-ignore
    expect(
      parsed(profile(psi + impu + identity('sip:z@t', extension(1)))).serviceProfiles[0]?.publicIdentities,
    ).toEqual([
      { identity: 'sip:x@t', barred: false, kind: 'wildcarded-psi', wildcard: 'sip:p!.*!@t' },
      {
        identity: 'sip:y@t',
        barred: false,
        kind: 'wildcarded-impu',
        wildcard: 'sip:y!.*!@t',
        displayName: 'Y',
      },
      { identity: 'sip:z@t', barred: false, kind: 'distinct' },
    ]);
  });

  it('a non-distinct identity is known under its wildcard', () => {
    const xml = profile(
      identity('sip:y5@t', extension(3, '<Extension><Extension><WildcardedIMPU>sip:y!.*!@t</WildcardedIMPU></Extension></Extension>')),
    ); // prettier-ignore
    expect(defaultImpu(parsed(xml))).toBe('sip:y!.*!@t');
    expect(defaultImpu(parsed(profile(identity('sip:y5@t', extension(3)))))).toBe('sip:y5@t');
    const wildcarded = extension(4, '<Extension><WildcardedIMPU>sip:y!.*!@t</WildcardedIMPU></Extension>');
    expect(defaultImpu(parsed(profile(identity('sip:y5@t', wildcarded))))).toBe('sip:y5@t');
  });

  it('finds the profile that serves an identity: by name, by the wildcard given, by matching one', () => {
    const wild = extension(4, '<Extension><Extension><WildcardedIMPU>sip:y!.*!@t</WildcardedIMPU></Extension></Extension>');
    const all = parsed(
      subscription(
        `<ServiceProfile>${identity('sip:y!.*!@t', wild)}</ServiceProfile><ServiceProfile>${identity('sip:y1@t')}</ServiceProfile>`,
      ),
    );
    expect(serviceProfileOf(all, 'sip:y1@t')?.profile).toBe(all.serviceProfiles[1]);
    expect(serviceProfileOf(all, 'sip:y2@t')?.profile).toBe(all.serviceProfiles[0]);
    expect(serviceProfileOf(all, 'sip:q@t', 'sip:y!.*!@t')?.profile).toBe(all.serviceProfiles[0]);
    expect(serviceProfileOf(all, 'sip:q@t')).toBe(undefined);
  }); // prettier-ignore

  it('a wildcard is a regular expression between exclamation marks (TS 23.003 §13.4A.3)', () => {
    expect(matchesWildcard('sip:chat!.*!@t', 'sip:chat12@t')).toBe(true);
    expect(matchesWildcard('sip:chat![0-9]+!@t', 'sip:chatx@t')).toBe(false);
    expect(matchesWildcard('sip:chat!a|b!@t', 'sip:chatb@t')).toBe(true);
    expect(matchesWildcard('sip:chat!a|b!@t', 'sip:chatbc@t')).toBe(false);
    expect(matchesWildcard('sip:ab!.*!ba', 'sip:aba')).toBe(false);
    expect(matchesWildcard('sip:plain@t', 'sip:plain@t')).toBe(false);
    expect(matchesWildcard('sip:!(!@t', 'sip:(@t')).toBe(false);
  });
});

describe('filter criteria in a profile (TS 29.228 Annex B.2.2, B.2.3)', () => {
  const only = (xml: string) => parsed(xml).serviceProfiles[0]?.criteria[0];

  it('a missing Priority is 0', () => {
    expect(only(criterion(''))?.priority).toBe(0);
    expect(only(criterion('<Priority>17</Priority>'))?.priority).toBe(17);
  });

  it('ProfilePartIndicator 0 is registered, 1 unregistered, absent both', () => {
    const part = (value: string) => only(criterion(`<ProfilePartIndicator>${value}</ProfilePartIndicator>`))?.profilePart;
    expect([part('0'), part('1'), only(criterion(''))?.profilePart]).toEqual(['registered', 'unregistered', undefined]);
  }); // prettier-ignore

  it('DefaultHandling is continued when absent, 0 or garbage, terminated when 1', () => {
    const handling = (value: string) =>
      only(criterion('', `<ApplicationServer><ServerName>sip:a</ServerName>${value}</ApplicationServer>`))?.applicationServer.defaultHandling; // prettier-ignore
    const of = (value: string) => handling(`<DefaultHandling>${value}</DefaultHandling>`);
    expect([handling(''), of('0'), of('x'), of(''), of('1')]).toEqual([
      'continued', 'continued', 'continued', 'continued', 'terminated',
    ]); // prettier-ignore
  });

  it.each([
    ['no ApplicationServer', criterion('<Priority>0</Priority>', '')],
    ['no ServerName', criterion('', '<ApplicationServer><ServerName/></ApplicationServer>')],
    ['Priority -1', criterion('<Priority>-1</Priority>')],
    ['Priority x', criterion('<Priority>x</Priority>')],
    ['ProfilePartIndicator 2', criterion('<ProfilePartIndicator>2</ProfilePartIndicator>')],
    ['ConditionTypeCNF missing', criterion('<TriggerPoint><SPT/></TriggerPoint>')],
    ['ConditionTypeCNF 2', criterion('<TriggerPoint><ConditionTypeCNF>2</ConditionTypeCNF></TriggerPoint>')],
    ['ConditionNegated x', spt('<ConditionNegated>x</ConditionNegated><Method>INVITE</Method>')],
    ['Group x', spt('<Group>x</Group><Method>INVITE</Method>')],
    ['SPT without Group', spt('<Method>A</Method>').replace('<Group>0</Group>', '')],
    ['SPT without a condition', spt('<Extension/>')],
    ['SessionCase 5', spt('<SessionCase>5</SessionCase>')],
    ['SIPHeader without Header', spt('<SIPHeader><Content>x</Content></SIPHeader>')],
    ['SessionDescription without Line', spt('<SessionDescription/>')],
    ['RegistrationType 3', spt('<Method>REGISTER</Method><Extension><RegistrationType>3</RegistrationType></Extension>')],
  ])('a bad criterion is left out with its reason: %s', (reason, xml) => {
    expect(only(xml)).toBe(undefined);
    expect(problemsOf(xml)).toEqual([{ where: 'profile 0, criterion 0', reason }]);
  }); // prettier-ignore

  it('the criteria beside a bad one stand', () => {
    const xml =
      profile(`<InitialFilterCriteria/><InitialFilterCriteria><Priority>x</Priority>${server}</InitialFilterCriteria>
      <InitialFilterCriteria>${server}</InitialFilterCriteria>`);
    expect(parsed(xml).serviceProfiles[0]?.criteria).toHaveLength(1);
    expect(problemsOf(xml)).toHaveLength(1);
  });

  it('reads every kind of service point trigger', () => {
    expect(conditionOf('<Method>REGISTER</Method><Extension><RegistrationType>0</RegistrationType><RegistrationType>2</RegistrationType></Extension>'))
      .toEqual({ kind: 'method', method: 'REGISTER', registrationTypes: ['initial', 'de-registration'] });
    expect(conditionOf('<SIPHeader><Header>Subject</Header></SIPHeader>')).toEqual({ kind: 'sip-header', header: 'Subject' });
    expect(conditionOf('<SIPHeader><Header>Subject</Header><Content>a b</Content></SIPHeader>'))
      .toEqual({ kind: 'sip-header', header: 'Subject', content: 'a b' });
    expect(['0', '1', '2', '3', '4'].map((value) => conditionOf(`<SessionCase>${value}</SessionCase>`)))
      .toEqual(['orig-reg', 'term-reg', 'term-unreg', 'orig-unreg', 'orig-cdiv'].map((sessionCase) => ({ kind: 'session-case', sessionCase })));
    expect(conditionOf('<RequestURI>^a$</RequestURI>')).toEqual({ kind: 'request-uri', pattern: '^a$' });
    expect(conditionOf('<SessionDescription><Line>m</Line><Content>video</Content></SessionDescription>'))
      .toEqual({ kind: 'session-description', line: 'm', content: 'video' });
    expect(conditionOf('<Weather>fine</Weather>')).toEqual({ kind: 'unknown', name: 'Weather' });
  }); // prettier-ignore

  it('reads a service profile by itself, as provisioning takes it', () => {
    const xml = `<ServiceProfile><InitialFilterCriteria>${server}</InitialFilterCriteria></ServiceProfile>`;
    const result = parseServiceProfile(xml);
    expect(result.ok && result.value.criteria).toHaveLength(1);
    expect(parseServiceProfile('<Other/>')).toEqual({ ok: false, reason: 'no ServiceProfile' });
  });
});
