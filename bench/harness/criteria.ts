// Ten initial filter criteria such as operators have, none of which a plain call between two subscribers meets: the cost of
// evaluating them is in the figure, an application server is not. Used by `bench -- call`; with a server, by `bench -- isc`.

type Asked = Readonly<{ server: string; priority: number; terminated?: boolean }>;

const criterionFor = (
  { server, priority, terminated = false }: Asked,
  ...triggers: readonly string[]
): string =>
  [
    `<InitialFilterCriteria><Priority>${priority}</Priority>`,
    '<TriggerPoint><ConditionTypeCNF>1</ConditionTypeCNF>',
    ...triggers.map(
      (trigger, group) =>
        `<SPT><ConditionNegated>0</ConditionNegated><Group>${group}</Group>${trigger}</SPT>`,
    ),
    '</TriggerPoint>',
    `<ApplicationServer><ServerName>${server}</ServerName><DefaultHandling>${terminated ? 1 : 0}</DefaultHandling></ApplicationServer>`,
    '</InitialFilterCriteria>',
  ].join('');

const criterion = (priority: number, ...triggers: readonly string[]): string =>
  criterionFor({ server: `sip:as${priority}.ims.test`, priority }, ...triggers);

const method = (name: string): string => `<Method>${name}</Method>`;
const header = (name: string, content: string): string =>
  `<SIPHeader><Header>${name}</Header><Content>${content}</Content></SIPHeader>`;
const sessionCase = (value: number): string => `<SessionCase>${value}</SessionCase>`;
const INVITE = method('INVITE');

/** Evaluated in full on each side of a call; each fails at its last trigger. */
const TEN = [
  criterion(1, INVITE, header('Accept-Contact', '.*3gpp-service.ims.icsi.oma.*')),
  criterion(2, INVITE, header('P-Asserted-Identity', 'tel:.*')),
  criterion(3, INVITE, '<RequestURI>conference-[0-9]+</RequestURI>'),
  criterion(4, INVITE, '<SessionDescription><Line>m</Line><Content>video.*</Content></SessionDescription>'),
  criterion(5, INVITE, header('Privacy', '.*id.*')),
  criterion(6, sessionCase(2), INVITE),
  criterion(7, method('MESSAGE'), sessionCase(0)),
  criterion(8, method('SUBSCRIBE'), header('Event', 'presence')),
  criterion(9, INVITE, header('User-Agent', 'Legacy/[0-9.]+')),
  criterion(10, method('REGISTER'), '<RequestURI>sip:emergency.*</RequestURI>'),
].join('');

export const TEN_CRITERIA = `<ServiceProfile>${TEN}</ServiceProfile>`;

/** The same ten, and an eleventh that sends each INVITE of the user's to `server`. */
export const criteriaWithServer = (server: string): string =>
  `<ServiceProfile>${TEN}${criterionFor({ server, priority: 11 }, INVITE, sessionCase(0))}</ServiceProfile>`;

/** Session cases: 0 originating, 1 terminating and registered, 2 terminating and not registered. */
export type ServerOf = Readonly<{ server: string; of: 0 | 1 | 2; terminated?: boolean }>;

/** Every INVITE goes by these servers, in this order. */
export const serversInOrder = (servers: readonly ServerOf[]): string =>
  `<ServiceProfile>${servers
    .map(({ of, ...asked }, priority) => criterionFor({ ...asked, priority }, INVITE, sessionCase(of)))
    .join('')}</ServiceProfile>`;
