// What a SUBSCRIBE is answered where the log has been away: its fault is not told as news of the user.
import type { Binding } from '#libs/domain';
import { AppendRefused, createMemoryLog, MemoryDisk } from '#libs/event-log';
import { parseMessage, type ServerTransaction } from '#libs/sip';
import { createMemoryKeyValueStore } from '#libs/stores';
import { createFakeClock, createSeededRandom } from '#libs/testkit';
import { RegistrationRows } from '#projections/registrations-by-aor';
import { LogOutage } from '../log-outage.js';
import type { SproutPorts, SproutSettings } from '../ports.js';
import { ProfileCache } from '../profile-cache.js';
import { updateRegistration } from '../registrar/update-registration.js';
import { subscribe } from './subscribe.js';

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

const newStage = async () => {
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
      regData: () =>
        Promise.resolve({
          ok: true,
          value: { imsSubscriptionXml: XML, chargingAddresses: { ccf: [], ecf: [] } },
        }),
    },
  } as unknown as SproutPorts;
  const settings = { homeDomain: 'ims.test', scscfUri: 'sip:scscf.ims.test', subMaxExpiresS: 400, subMinExpiresS: 60 }; // prettier-ignore
  const nowMs = clock.nowMs();
  const data = { contacts: [BINDING], callId: 'c', cseq: 1, nowMs, minExpiresS: 60, maxExpiresS: 300, shared: SHARED }; // prettier-ignore
  await updateRegistration(ports, AOR, { type: 'RegisterContacts', data });
  const ask = async (): Promise<number | undefined> => {
    const parsed = parseMessage(REQUEST);
    if (!parsed.ok) throw new Error('bad request in the test');
    const statuses: number[] = [];
    const tx = { request: parsed.message, reply: (status: number) => void statuses.push(status) };
    const context = { ports, settings: settings as SproutSettings, profiles: new ProfileCache() };
    await subscribe(context, tx as unknown as ServerTransaction);
    expect(statuses).toHaveLength(1);
    return statuses[0];
  };
  return { clock, outage: ports.outage, ask };
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
