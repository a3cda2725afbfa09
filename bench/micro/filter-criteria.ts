// What the filter criteria of one INVITE cost: ten typical criteria, one side (TS 29.228 Annex B and C).
// Run: npx tsc -b bench && npx node dist/bench/micro/filter-criteria.js. Prints JSON lines; the limit is 5 µs.
import {
  allInChain,
  compileProfile,
  describeDecision,
  type ChainRules,
  type CriteriaSubject,
} from '#libs/domain';
import { parseServiceProfile } from '#libs/homestead-client';

const criterion = (priority: number, cnf: 0 | 1, ...conditions: readonly string[]): string =>
  `<InitialFilterCriteria><Priority>${priority}</Priority><TriggerPoint><ConditionTypeCNF>${cnf}</ConditionTypeCNF>${conditions
    .map((condition, at) => `<SPT><Group>${cnf ? at : 0}</Group>${condition}</SPT>`)
    .join(
      '',
    )}</TriggerPoint><ApplicationServer><ServerName>sip:as${priority}.ims.test</ServerName></ApplicationServer></InitialFilterCriteria>`;

const method = (name: string): string => `<Method>${name}</Method>`;
const sessionCase = (value: number): string => `<SessionCase>${value}</SessionCase>`;
const header = (name: string, content?: string): string =>
  `<SIPHeader><Header>${name}</Header>${content === undefined ? '' : `<Content>${content}</Content>`}</SIPHeader>`;

const TEN = [
  criterion(1, 0, method('INVITE'), sessionCase(0)),
  criterion(2, 1, method('INVITE'), sessionCase(1)),
  criterion(3, 0, method('MESSAGE')),
  criterion(4, 1, method('INVITE'), header('Accept-Contact', '.*3gpp-service.ims.icsi.mmtel.*')),
  criterion(5, 1, method('INVITE'), '<RequestURI>^conf[0-9]*\\.ims\\.test$</RequestURI>'),
  criterion(6, 1, method('INVITE'), '<SessionDescription><Line>m</Line><Content>^video</Content></SessionDescription>'),
  criterion(7, 0, method('SUBSCRIBE'), header('Event', '^presence$')),
  criterion(8, 1, method('INVITE'), header('P-Asserted-Identity', 'sip:.+@pbx[0-9]+\\.')),
  criterion(9, 0, method('REGISTER')),
  criterion(10, 1, sessionCase(0), header('Privacy', 'id')),
].join(''); // prettier-ignore

const HEADERS: readonly (readonly [string, string])[] = [
  ['Via', 'SIP/2.0/UDP 10.0.0.5:40000;branch=z9hG4bKabc;rport'],
  ['Max-Forwards', '69'],
  ['Record-Route', '<sip:token@127.0.0.1:5058;lr>'],
  ['From', '<sip:alice@ims.test>;tag=1'],
  ['To', '<sip:bob@ims.test>'],
  ['Call-ID', 'a84b4c76e66710'],
  ['CSeq', '1 INVITE'],
  ['Contact', '<sip:alice@10.0.0.5:40000>'],
  ['P-Asserted-Identity', '<sip:alice@ims.test>'],
  ['P-Charging-Vector', 'icid-value=1234'],
  ['Accept-Contact', '*;+g.3gpp.icsi-ref="urn%3Aurn-7%3A3gpp-service.ims.icsi.mmtel"'],
  ['Allow', 'INVITE, ACK, CANCEL, BYE, UPDATE'],
  ['Supported', 'timer, path'],
  ['Content-Type', 'application/sdp'],
  ['Content-Length', '180'],
];
const SDP =
  'v=0\r\no=- 1 1 IN IP4 10.0.0.5\r\ns=-\r\nc=IN IP4 10.0.0.5\r\nt=0 0\r\nm=audio 4000 RTP/AVP 0 8 101\r\na=rtpmap:0 PCMU/8000\r\na=sendrecv\r\n';

const byName = new Map(HEADERS.map(([name, value]) => [name, [value]]));
const names = HEADERS.map(([name]) => name);
const subject: CriteriaSubject = {
  method: 'INVITE',
  requestUri: 'sip:bob@ims.test;user=phone',
  sessionCase: 'orig-reg',
  headerNames: () => names,
  headerValues: (name) => byName.get(name) ?? [],
  sdp: () => SDP,
};

const ROUNDS = 200_000;
const SAMPLES = 5;

const medianUs = (run: () => void, rounds = ROUNDS): number => {
  const samples = Array.from({ length: SAMPLES }, () => {
    const start = process.cpuUsage();
    for (let round = 0; round < rounds; round++) run();
    const { user, system } = process.cpuUsage(start);
    return (user + system) / rounds;
  });
  return Number(samples.toSorted((a, b) => a - b)[SAMPLES >> 1]?.toFixed(3));
};

const profile = parseServiceProfile(`<ServiceProfile>${TEN}</ServiceProfile>`);
if (!profile.ok) throw new Error(profile.reason);
const { value } = profile;
const compiled = compileProfile(value);
const rules: ChainRules = { criteria: compiled };
const evaluateUs = medianUs(() => {
  for (const each of compiled.criteria) each.evaluate(subject);
});
const chainUs = medianUs(() => allInChain(rules, subject));
const describeUs = medianUs(() => {
  for (const { evaluate } of compiled.criteria) describeDecision(evaluate(subject));
});
const xml = `<ServiceProfile>${TEN}</ServiceProfile>`;
const parseUs = medianUs(() => parseServiceProfile(xml), 5000);
const compileUs = medianUs(() => compileProfile(value), 5000);
process.stdout.write(
  `${JSON.stringify({
    bench: 'filter-criteria',
    criteria: compiled.criteria.length,
    matched: allInChain(rules, subject).invoke.length,
    evaluateUs,
    chainUs,
    describeUs,
    parseUs,
    compileUs,
    limitUs: 5,
  })}\n`,
);
process.exitCode = evaluateUs <= 5 ? 0 : 1;
