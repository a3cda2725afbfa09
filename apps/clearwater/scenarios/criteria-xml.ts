// Initial filter criteria of a scenario's subscriber: one line each, `<priority> <method> <session case> <server> [terminated]` and what a
// third-party REGISTER is to carry (`info=<service information> request response`),
// as the ServiceProfile document that provisioning takes (TS 29.228 Annex E).

const SESSION_CASES: Readonly<Record<string, number>> = {
  orig: 0,
  term: 1,
  'term-unreg': 2,
  'orig-unreg': 3,
  'orig-cdiv': 4,
};

const carried = (more: readonly string[]): string => {
  const info = more.find((word) => word.startsWith('info='))?.slice(5);
  const included = ['Request', 'Response'].filter((what) => more.includes(what.toLowerCase()));
  return (
    (info === undefined ? '' : `<ServiceInfo>${info}</ServiceInfo>`) +
    (included.length === 0
      ? ''
      : `<Extension>${included.map((what) => `<IncludeRegister${what}/>`).join('')}</Extension>`)
  );
};

const criterion = (line: string): string => {
  const [priority, method, sessionCase = '', server, ...more] = line.split(/\s+/);
  const code = SESSION_CASES[sessionCase];
  if (server === undefined || code === undefined) throw new Error(`'${line}' is no criterion`);
  const spt = (group: number, what: string): string =>
    `<SPT><ConditionNegated>0</ConditionNegated><Group>${group}</Group>${what}</SPT>`;
  return (
    `<InitialFilterCriteria><Priority>${priority}</Priority><TriggerPoint><ConditionTypeCNF>1</ConditionTypeCNF>` +
    `${spt(0, `<Method>${method}</Method>`)}${spt(1, `<SessionCase>${code}</SessionCase>`)}</TriggerPoint>` +
    `<ApplicationServer><ServerName>${server}</ServerName><DefaultHandling>${more.includes('terminated') ? 1 : 0}</DefaultHandling>${carried(more)}</ApplicationServer>` +
    '</InitialFilterCriteria>'
  );
};

export const criteriaXml = (lines: readonly string[]): string =>
  `<ServiceProfile>${lines.map(criterion).join('')}</ServiceProfile>`;
