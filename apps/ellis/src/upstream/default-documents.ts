// What a new line has (backend.md §9): every INVITE goes by the telephony server, and its services are on without a rule.
// TS 29.228 Annex E; TS 24.623. Read by lines.ts.

export const defaultFilterCriteria = (homeDomain: string): string =>
  `<?xml version="1.0" encoding="UTF-8"?>
<ServiceProfile>
  <InitialFilterCriteria>
    <TriggerPoint>
      <ConditionTypeCNF>0</ConditionTypeCNF>
      <SPT>
        <ConditionNegated>0</ConditionNegated>
        <Group>0</Group>
        <Method>INVITE</Method>
        <Extension></Extension>
      </SPT>
    </TriggerPoint>
    <ApplicationServer>
      <ServerName>sip:mmtel.${homeDomain}</ServerName>
      <DefaultHandling>0</DefaultHandling>
    </ApplicationServer>
  </InitialFilterCriteria>
</ServiceProfile>
`;

/** Ids are of the whole document (xs:ID). */
const barring = (name: string, rule: string): string => `  <${name} active="true">
    <cp:ruleset>
      <cp:rule id="${rule}">
        <cp:conditions/>
        <cp:actions>
          <allow>true</allow>
        </cp:actions>
      </cp:rule>
    </cp:ruleset>
  </${name}>`;

export const DEFAULT_SIMSERVS = `<?xml version="1.0" encoding="UTF-8"?>
<simservs xmlns="http://uri.etsi.org/ngn/params/xml/simservs/xcap" xmlns:cp="urn:ietf:params:xml:ns:common-policy">
  <originating-identity-presentation active="true"/>
  <originating-identity-presentation-restriction active="true">
    <default-behaviour>presentation-not-restricted</default-behaviour>
  </originating-identity-presentation-restriction>
  <communication-diversion active="true">
    <NoReplyTimer>30</NoReplyTimer>
  </communication-diversion>
${barring('incoming-communication-barring', 'rule0')}
${barring('outgoing-communication-barring', 'rule1')}
</simservs>
`;
