// What a SUBSCRIBE is answered where nobody is registered, without the HSS assigning a server; and where the log has been away: its
// fault is not told as news of the user.
import type { Binding } from '#libs/domain';
import { AppendRefused, createMemoryLog, MemoryDisk } from '#libs/event-log';
import { H, parseMessage, type ServerTransaction, tagOf } from '#libs/sip';
import { createMemoryKeyValueStore } from '#libs/stores';
import { createFakeClock, createSeededRandom } from '#libs/testkit';
import { RegistrationRows } from '#projections/registrations-by-aor';
import { LogOutage } from '../log-outage.js';
import type { SproutPorts, SproutSettings } from '../ports.js';
import { ProfileCache } from '../profile-cache.js';
import { updateRegistration } from '../registrar/update-registration.js';
import { refreshSubscription, subscribe } from './subscribe.js';

const AOR = 'sip:alice@ims.test';
const XML =
  '<IMSSubscription><PrivateID>alice@ims.test</PrivateID><ServiceProfile><PublicIdentity>' +
  `<Identity>${AOR}</Identity></PublicIdentity></ServiceProfile></IMSSubscription>`;
const REQUEST =
  `SUBSCRIBE ${AOR} SIP/2.0\r\nVia: SIP/2.0/TCP 10.0.0.1;branch=z9hG4bK1\r\nFrom: <${AOR}>;tag=x\r\nTo: <${AOR}>\r\n` +
  `P-Asserted-Identity: <${AOR}>\r\nCall-ID: c\r\nCSeq: 1 SUBSCRIBE\r\nEvent: reg\r\nExpires: 200\r\n` +
  'Contact: <sip:alice@10.0.0.1>\r\nMax-Forwards: 70\r\nContent-Length: 0\r\n\r\n';
const BINDING = { bindingId: 'phone', contact: 'sip:alice@10.0.0.1', params: '', q: 1, expiresS: 100 };
const SHARED: Pick<Binding, 'path' | 'impi' | 'impu' | 'identities'> = {
  path: [],
  impi: 'alice@ims.test',
  impu: AOR,
  identities: [AOR],
};

/** `located`: what a question for his server is answered. */
const newStage = async (located = 2001) => {
  const asked: string[] = [];
  const clock = createFakeClock();
  const random = createSeededRandom(1);
  const log = await createMemoryLog({ clock, random, disk: new MemoryDisk() });
  const ports = {
    log,
    clock,
    random,
    outage: new LogOutage(clock, 300_000),
    registrations: new RegistrationRows(createMemoryKeyValueStore({ name: 'rows', clock }), clock),
    observer: { count: () => undefined, fault: () => undefined },
    homestead: {
      location: (impu: string) => {
        asked.push(`location ${impu}`);
        return Promise.resolve({ ok: true, value: { resultCode: located } });
      },
      regData: (impu: string) => {
        asked.push(`regData ${impu}`);
        return Promise.resolve({
          ok: true,
          value: { imsSubscriptionXml: XML, chargingAddresses: { ccf: [], ecf: [] } },
        });
      },
    },
  } as unknown as SproutPorts;
  const settings = { homeDomain: 'ims.test', scscfUri: 'sip:scscf.ims.test', subMaxExpiresS: 400, subMinExpiresS: 60 }; // prettier-ignore
  const nowMs = clock.nowMs();
  const data = { contacts: [BINDING], callId: 'c', cseq: 1, nowMs, minExpiresS: 60, maxExpiresS: 300, shared: SHARED }; // prettier-ignore
  await updateRegistration(ports, AOR, { type: 'RegisterContacts', data });
  const ask = async (more: (request: string) => string = (text) => text): Promise<number | undefined> => {
    asked.length = 0;
    const parsed = parseMessage(more(REQUEST));
    if (!parsed.ok) throw new Error('bad request in the test');
    const statuses: number[] = [];
    const tx = { request: parsed.message, reply: (status: number) => void statuses.push(status) };
    const context = { ports, settings: settings as SproutSettings, profiles: new ProfileCache() };
    const isNew = tagOf(parsed.message.header(H.To)!) === '';
    await (isNew ? subscribe : refreshSubscription)(context, tx as unknown as ServerTransaction);
    expect(statuses).toHaveLength(1);
    return statuses[0];
  };
  return { clock, outage: ports.outage, ask, asked };
};

it('is accepted for who is registered, and 480 where nothing is bound any more', async () => {
  const { clock, ask } = await newStage();
  expect(await ask()).toBe(200);
  clock.advance(101_000);
  expect(await ask()).toBe(480);
});

it('is 500, not 480, for what lapsed while the log took no refresh', async () => {
  const { clock, outage, ask } = await newStage();
  clock.advance(50_000);
  outage.failed(new AppendRefused('disk'));
  clock.advance(51_000);
  expect(await ask()).toBe(500);
  outage.taken();
  clock.advance(301_000);
  expect(await ask()).toBe(480);
});

it.each([
  ['anybody', 5003, 403, (text: string) => text.replaceAll('alice@ims.test>\r\nCall-ID', 'eve@ims.test>\r\nCall-ID')],
  ['a stranger to the dialog', 5003, 481, (text: string) => text.replace(/^(To: .*)$/m, '$1;tag=none')],
  ['the user', 2003, 480, (text: string) => text],
] as const)('lets %s have no server assigned to who is not registered', async (_who, located, status, more) => {
  const { clock, ask, asked } = await newStage(located);
  clock.advance(101_000);
  expect(await ask(more)).toBe(status);
  expect(asked).toEqual([`location ${AOR}`]);
}); // prettier-ignore

it.each([
  ['no Contact', 400, (text: string) => text.replace(/^Contact:.*\r\n/m, '')],
  ['an emergency Contact', 489, (text: string) => text.replace('10.0.0.1>\r\nMax', '10.0.0.1;sos>\r\nMax')],
  ['To of no user', 404, (text: string) => text.replace(/^To: .*$/m, 'To: <urn:service:sos>')],
  ['a watcher of no name', 403, (text: string) => text.replace(/^P-Asserted.*$/m, 'P-Asserted-Identity: <urn:x:y>')],
] as const)('judges %s without asking anybody', async (_what, status, more) => {
  const { ask, asked } = await newStage();
  expect([await ask(more), asked]).toEqual([status, []]);
}); // prettier-ignore

it('asks no more than for the profile of who is registered by the identity that names the row', async () => {
  const { ask, asked } = await newStage();
  expect([await ask(), asked]).toEqual([200, [`regData ${AOR}`]]);
});
