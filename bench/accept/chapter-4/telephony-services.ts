// Telephony services on a running site, phone by phone: diversion of each kind, chained, in a circle; barring both ways; and what
// a callee gets of a private caller, byte by byte. Part of line-2.ts.
import { firstHeader, statusOf } from '#libs/testkit';
import { serversInOrder } from '../../harness/criteria.js';
import { putSimservs, ruleXml } from '../../harness/documents.js';
import type { Phone } from '../../harness/phone.js';
import { expectCall, invite, type OutgoingCall } from '../../harness/phone-call.js';
import { DOMAIN, type Site } from '../../harness/product.js';
import { type Header, headerValues } from '../../harness/sip-text.js';
import { provisionUser, type User, userOf } from '../../harness/users.js';
import { newPhone, registeredPhone, statusLine } from '../checks.js';
import type { Report } from '../line.js';

const MMTEL = `sip:mmtel.${DOMAIN}`;
const CRITERIA = serversInOrder(([0, 1, 2] as const).map((of) => ({ server: MMTEL, of, terminated: true })));

let made = 0;

const subscriber = async (site: Site, services: string): Promise<User> => {
  made += 1;
  const user = userOf(`service${made}`);
  await provisionUser(site, user, { filterCriteria: CRITERIA });
  await switchOn(site, user, services);
  return user;
};

const switchOn = (site: Site, { impu }: User, services: string): Promise<void> =>
  putSimservs(site, impu, services);

const registered = async (site: Site, services = ''): Promise<Phone> => {
  const phone = await newPhone(site, await subscriber(site, services));
  await phone.register();
  return phone;
};

const diversion = (conditions: string, target: string): string =>
  `<communication-diversion><NoReplyTimer>5</NoReplyTimer>${ruleXml(conditions, `<forward-to><target>${target}</target></forward-to>`)}</communication-diversion>`;

/** What the callee's phone does with an INVITE; undefined: it rings. */
const answersWith = (phone: Phone, status: number | undefined): void => {
  phone.onRequest = (request, self) => {
    if (!request.startsWith('INVITE')) return false;
    self.reply(request, status ?? 180, 'Whatever');
    return true;
  };
};

const REASONS: readonly Readonly<{
  conditions: string;
  status?: number;
  rings?: boolean;
  absent?: boolean;
  cause: string;
}>[] = [
  { conditions: '', cause: '302' },
  { conditions: '<busy/>', status: 486, cause: '486' },
  { conditions: '<no-answer/>', rings: true, cause: '408' },
  { conditions: '<not-reachable/>', status: 500, cause: '503' },
  { conditions: '<not-registered/>', absent: true, cause: '404' },
];

const checkDiversions = async (report: Report, site: Site, caller: Phone): Promise<void> => {
  for (const { conditions, status, rings = false, absent = false, cause } of REASONS) {
    const what = `diversion ${conditions || 'always'}`;
    report.note(what);
    const target = await registered(site);
    const services = diversion(conditions, target.user.impu);
    const callee = absent ? undefined : await registered(site, services);
    const called = callee?.user ?? (await subscriber(site, services));
    if (callee !== undefined && (rings || status !== undefined)) answersWith(callee, status);
    const call = invite(caller, called.impu);
    const arrived = await expectCall(target);
    arrived.reject(486, 'Busy Here');
    const final = await call.final;
    report.check(`${what}: the target is rung`, statusOf(final) === 486, statusLine(final));
    report.check(
      `${what}: the caller hears of it`,
      call.responses.some((text) => statusOf(text) === 181),
    );
    const told = firstHeader(arrived.invite, 'History-Info') ?? '';
    report.check(
      `${what}: cause ${cause}`,
      new RegExp(`cause(?:%3D|=)${cause}`, 'i').test(arrived.invite),
      told,
    );
    for (const phone of [target, callee]) phone?.close();
  }
};

const checkChainedAndLooping = async (report: Report, site: Site, caller: Phone): Promise<void> => {
  report.note('diversion, chained and in a circle');
  const last = await registered(site);
  const middle = await subscriber(site, diversion('', last.user.impu));
  const first = await subscriber(site, diversion('', middle.impu));
  const call = invite(caller, first.impu);
  const arrived = await expectCall(last);
  arrived.reject(486, 'Busy Here');
  report.check('chained: the last is rung', statusOf(await call.final) === 486);
  await switchOn(site, middle, diversion('', first.impu));
  const final = await invite(caller, first.impu).final;
  const status = statusOf(final) ?? 0;
  report.check('in a circle: it ends', status >= 400, statusLine(final));
  last.close();
};

const checkBarring = async (report: Report, site: Site, caller: Phone): Promise<void> => {
  report.note('barring');
  const nobody = ruleXml('', '<allow>false</allow>');
  const barred = await registered(
    site,
    `<outgoing-communication-barring>${nobody}</outgoing-communication-barring>`,
  );
  const refused = await invite(barred, caller.user.impu).final;
  report.check('outgoing: 603', statusOf(refused) === 603, statusLine(refused));
  const closed = await registered(
    site,
    `<incoming-communication-barring>${nobody}</incoming-communication-barring>`,
  );
  const answer = await invite(caller, closed.user.impu).final;
  report.check('incoming: 603', statusOf(answer) === 603, statusLine(answer));
  report.check('incoming: nobody rings', closed.received.length === 0);
  for (const phone of [barred, closed]) phone.close();
};

const SDP = 'v=0\r\ns=-\r\nt=0 0\r\nm=audio 9 RTP/AVP 0\r\n';

/** What tells of this caller: its names, its port, its Call-ID, the edge's name for its connection. */
const tracesOf = ({ user, contact }: Phone, { callId }: OutgoingCall, ringing: string): readonly string[] => {
  const [, port = ''] = /@[^:>;]+:(\d+)/.exec(contact) ?? [];
  const flow = userOfUri(headerValues(ringing, 'Record-Route').at(-1) ?? '');
  return [user.name, user.impi, `:${port}`, callId, flow];
};

const userOfUri = (value: string): string => /sips?:([^@>]+)@/.exec(value)?.[1] ?? '';

/** From INVITE to BYE, with a request of its own between, the callee gets no byte of these. */
const checkPrivateCall = async (
  report: Report,
  what: string,
  hidden: Phone,
  callee: Phone,
  headers: readonly Header[],
): Promise<number> => {
  const call = invite(hidden, callee.user.impu, { body: SDP, headers });
  const arrived = await expectCall(callee);
  arrived.ring();
  const ringing = await call.response(180);
  await arrived.answer();
  report.check(`${what}: it is connected`, statusOf(await call.final) === 200);
  const ended = arrived.bye();
  const bye = await hidden.take('BYE');
  hidden.reply(bye, 200, 'OK', [['Server', hidden.user.name]]);
  report.check(`${what}: the callee can end it`, statusOf(await ended) === 200, statusLine(await ended));
  const got = [...callee.received, await ended].join('\n').toLowerCase();
  for (const trace of tracesOf(hidden, call, ringing))
    report.check(
      `${what}: no trace of ${trace}`,
      trace.length > 3 && !got.includes(trace.toLowerCase()),
      got.slice(0, 1500),
    );
  const vias = headerValues(arrived.invite, 'Via').length;
  report.check(`${what}: no Via but the edge's`, vias === 1, `${vias}`);
  return got.length;
};

/** By its services; and by its own word in one call. */
const checkPrivacy = async (report: Report, site: Site): Promise<void> => {
  report.note('privacy');
  const hidden = await registered(site, '<originating-identity-presentation-restriction/>');
  const asking = await registeredPhone(report, site, 'asking');
  const callees = [await registered(site), await registered(site)] as const;
  const searched = [
    await checkPrivateCall(report, 'restricted', hidden, callees[0], []),
    await checkPrivateCall(report, 'asked for, without services', asking, callees[1], [
      ['Privacy', 'id;header;user'],
    ]),
  ];
  report.figure(
    'bytesSearched',
    searched.reduce((sum, bytes) => sum + bytes),
  );
  for (const phone of [hidden, asking, ...callees]) phone.close();
};

export const checkServices = async (report: Report, site: Site): Promise<void> => {
  const caller = await registered(site);
  try {
    await checkDiversions(report, site, caller);
    await checkChainedAndLooping(report, site, caller);
    await checkBarring(report, site, caller);
    await checkPrivacy(report, site);
  } finally {
    caller.close();
  }
};
