// Initial filter criteria of a scenario's subscriber: one line each, `<priority> <method> <session case> <server> [terminated]`,
// as the ServiceProfile document that provisioning takes (TS 29.228 Annex E).

const SESSION_CASES: Readonly<Record<string, number>> = {
  orig: 0,
  term: 1,
  'term-unreg': 2,
  'orig-unreg': 3,
  'orig-cdiv': 4,
};

const criterion = (line: string): string => {
  const [priority, method, sessionCase = '', server, handling] = line.split(/\s+/);
  const code = SESSION_CASES[sessionCase];
  if (server === undefined || code === undefined) throw new Error(`'${line}' is no criterion`);
  const spt = (group: number, what: string): string =>
    `<SPT><ConditionNegated>0</ConditionNegated><Group>${group}</Group>${what}</SPT>`;
  return (
    `<InitialFilterCriteria><Priority>${priority}</Priority><TriggerPoint><ConditionTypeCNF>1</ConditionTypeCNF>` +
    `${spt(0, `<Method>${method}</Method>`)}${spt(1, `<SessionCase>${code}</SessionCase>`)}</TriggerPoint>` +
    `<ApplicationServer><ServerName>${server}</ServerName><DefaultHandling>${handling === 'terminated' ? 1 : 0}</DefaultHandling></ApplicationServer>` +
    '</InitialFilterCriteria>'
  );
};

export const criteriaXml = (lines: readonly string[]): string =>
  `<ServiceProfile>${lines.map(criterion).join('')}</ServiceProfile>`;
