import { parseMessage, type SipMessage } from '#libs/sip';
import { CONTACTS_MAX, contactRequests, isForEmergencies } from './contact-requests.js';

const register = (
  contacts: readonly string[],
  expires?: string,
  headers = 'Supported: path, outbound\r\n',
): SipMessage => {
  const parsed = parseMessage(
    'REGISTER sip:ims.test SIP/2.0\r\nVia: SIP/2.0/UDP 10.0.0.1;branch=z9hG4bK1\r\nMax-Forwards: 70\r\n' +
      'From: <sip:alice@ims.test>;tag=1\r\nTo: <sip:alice@ims.test>\r\nCall-ID: 1\r\nCSeq: 1 REGISTER\r\n' +
      contacts.map((contact) => `Contact: ${contact}\r\n`).join('') +
      headers +
      (expires === undefined ? '' : `Expires: ${expires}\r\n`) +
      'Content-Length: 0\r\n\r\n',
  );
  if (!parsed.ok) throw new Error(parsed.reason);
  return parsed.message;
};

const DEFAULT_S = 300;
const asked = (contacts: readonly string[], expires?: string) => {
  const requests = contactRequests(register(contacts, expires), DEFAULT_S);
  if (!requests.ok) throw new Error(requests.reason);
  return requests.contacts;
};
const refusal = (contacts: readonly string[], expires?: string): string | undefined => {
  const requests = contactRequests(register(contacts, expires), DEFAULT_S);
  return requests.ok ? undefined : requests.reason;
};

describe('how long a contact is asked for', () => {
  it.each([
    ['its own expires, before the header', '<sip:a@x>;expires=20', '600', 20],
    ['the header', '<sip:a@x>', '600', 600],
    ['neither: the default', '<sip:a@x>', undefined, 300],
    ['no number: the header', '<sip:a@x>;expires=soon', '600', 600],
    ['no number in the header: the default', '<sip:a@x>', 'never', 300],
    ['zero', '<sip:a@x>;expires=0', '600', 0],
    ['more than 32 bits', '<sip:a@x>;expires=99999999999', undefined, 2 ** 32 - 1],
    ['quoted, which it should not be', '<sip:a@x>;expires="20"', undefined, 20],
    ['in a URI, where it means nothing', '<sip:a@x;expires=20>', undefined, 300],
  ])('%s', (_name, contact, header, expiresS) =>
    expect(asked([contact], header)).toMatchObject([{ expiresS }]),
  );
});

describe('what names a binding', () => {
  it.each([
    ['the contact URI', '<sip:a@x:5070;transport=tcp>', 'sip:a@x:5070;transport=tcp'],
    [
      'whatever case its host and parameters have',
      '<SIP:a%41B@X.Test;Transport=UDP>',
      'sip:a%41B@x.test;transport=udp',
    ],
    ['a contact without a user', '<sip:X.test>', 'sip:x.test'],
    ['the instance', '<sip:a@x>;+sip.instance="<urn:uuid:1>"', '<urn:uuid:1>'],
    ['the instance and its flow', '<sip:a@x>;+sip.instance="<urn:uuid:1>";reg-id=2', '<urn:uuid:1>:2'],
    ['a flow without an instance names nothing', '<sip:a@x>;reg-id=2', 'sip:a@x'],
    ['a flow that is no number is none', '<sip:a@x>;+sip.instance="<urn:uuid:1>";reg-id=b', '<urn:uuid:1>'],
    ['an emergency contact stands apart', '<sip:a@x;sos>', 'sossip:a@x;sos'],
    ['without angle brackets parameters are the header’s', 'sip:a@x;q=0.1', 'sip:a@x'],
    ['a display name is not part of it', '"Alice, \\"A\\"" <sip:a@x>', 'sip:a@x'],
  ])('%s', (_name, contact, bindingId) => expect(asked([contact])).toMatchObject([{ bindingId }]));
});

it('keeps parameters as they came, but those that the registrar answers itself', () => {
  const contact =
    '<sip:a@x>;expires=20;+sip.instance="<urn:uuid:1;expires=5>";q=0.7;audio;pub-gruu="sip:y;gr";methods="INVITE, BYE"';
  expect(asked([contact])).toMatchObject([
    { params: ';+sip.instance="<urn:uuid:1;expires=5>";audio;methods="INVITE, BYE"', q: 0.7 },
  ]);
});

it.each([
  ['0.5', 0.5],
  ['0', 0],
  ['2', 1],
  ['-1', 1],
  ['x', 1],
  ['0.70001', 0.7],
  ['1e-7', 0],
])('takes q=%s for %d', (text, q) => expect(asked([`<sip:a@x>;q=${text}`])).toMatchObject([{ q }]));

it('takes several contacts, on one line or more, in order', () => {
  const uris = asked(['<sip:a@x>, <sip:b@x>;expires=0', '<sip:c@x>'], '60').map(({ contact, expiresS }) => [
    contact,
    expiresS,
  ]);
  expect(uris).toEqual([
    ['sip:a@x', 60],
    ['sip:b@x', 0],
    ['sip:c@x', 60],
  ]);
});

it('keeps what is no white space in SIP', () =>
  expect(asked(['<sip:a@x>;r=\xa0;q=0.5'])).toMatchObject([{ params: ';r=\xa0', q: 0.5 }]));

it('is a question without contacts', () => expect(asked([], '0')).toEqual([]));

describe('*', () => {
  it('stands for all, alone and with Expires 0', () =>
    expect(contactRequests(register(['*'], '0'), DEFAULT_S)).toMatchObject({
      ok: true,
      contacts: [],
      all: true,
    }));

  it.each([
    ['without Expires', ['*'], undefined],
    ['with another Expires', ['*'], '60'],
    ['with company', ['*, <sip:a@x>'], '0'],
    ['twice', ['*', '*'], '0'],
  ])('is refused %s', (_name, contacts, expires) =>
    expect(refusal(contacts, expires)).toBe('Contact * stands alone, with Expires: 0'),
  );
});

it.each([
  ['tel:+15551234', 'Contact is no SIP URI'],
  ['<mailto:a@x>', 'Contact is no SIP URI'],
  ['<sip:a@x', 'Contact does not parse'],
])('refuses %s', (contact, reason) => expect(refusal([contact])).toBe(reason));

it(`takes at most ${CONTACTS_MAX} contacts`, () => {
  const contacts = (count: number) => Array.from({ length: count }, (_, n) => `<sip:a${n}@x>`);
  expect(asked(contacts(CONTACTS_MAX))).toHaveLength(CONTACTS_MAX);
  expect(refusal(contacts(CONTACTS_MAX + 1))).toBe('Too many contacts');
});

describe('outbound (RFC 5626 §6)', () => {
  it.each(['0', '2147483648', '99999999999999999999', '1x', '"a"', '-1', ''])(
    'takes no reg-id of %s',
    (regId) =>
      expect(asked([`<sip:a@x>;+sip.instance="<urn:uuid:1>";reg-id=${regId}`])).toMatchObject([
        { bindingId: '<urn:uuid:1>' },
      ]),
  );

  it('takes the highest', () =>
    expect(asked(['<sip:a@x>;+sip.instance="<urn:uuid:1>";reg-id=2147483647'])).toMatchObject([
      { regId: 2_147_483_647 },
    ]));

  it('registers one flow at a time, and takes others away with it', () => {
    const flow = (regId: number, expires: number) =>
      `<sip:a${regId}@x>;+sip.instance="<urn:uuid:1>";reg-id=${regId};expires=${expires}`;
    expect(refusal([flow(1, 60), flow(2, 60)])).toBe('A flow is registered alone');
    expect(refusal([flow(1, 60), '<sip:b@x>'])).toBe('A flow is registered alone');
    expect(asked([flow(1, 60), flow(2, 0), '<sip:b@x>;expires=0'])).toHaveLength(3);
  });

  const FLOW = '<sip:a@x>;+sip.instance="<urn:uuid:1>";reg-id=2';
  const EDGE = 'Path: <sip:t@edge;lr;ob>\r\n';
  const SUPPORTED = 'Supported: outbound\r\n';

  it('ignores the reg-id of a client that does not support it', () =>
    expect(contactRequests(register([FLOW], undefined, ''), DEFAULT_S)).toMatchObject({
      contacts: [{ bindingId: '<urn:uuid:1>' }],
    }));

  it.each([
    ['no', 'nobody says that it is supported', [FLOW], EDGE],
    ['no', 'no contact has a reg-id', ['<sip:a@x>;+sip.instance="<urn:uuid:1>"'], SUPPORTED + EDGE],
    ['no', 'a reg-id has no instance', ['<sip:a@x>;reg-id=1'], SUPPORTED + EDGE],
    ['granted', 'the edge keeps flows', [FLOW], SUPPORTED + EDGE],
    ['granted', 'there is no edge', [FLOW], SUPPORTED],
    ['refused', 'the edge does not keep flows', [FLOW], `${SUPPORTED}Path: <sip:t@edge;lr>\r\n`],
    [
      'refused',
      'an edge is passed that leaves no Path',
      [FLOW],
      `${SUPPORTED}Via: SIP/2.0/UDP 10.0.0.2;branch=z9hG4bK2\r\n`,
    ],
    [
      'refused',
      'the one next to the client does not, another one does',
      [FLOW],
      `${SUPPORTED}Path: <sip:u@core;lr;ob>, <sip:t@edge;lr>\r\n`,
    ],
  ])('%s: %s', (asked, _why, contacts, headers) =>
    expect(contactRequests(register(contacts, undefined, headers), DEFAULT_S)).toMatchObject({
      outbound: asked,
    }),
  );
});

describe('a registration for emergencies', () => {
  it.each([
    ['its URI says so', ['<sip:a@x;sos>']],
    ['in whatever letters', ['<sip:a@x;transport=tcp;SOS>;expires=60']],
    ['each of several', ['<sip:a@x;sos>', '<sip:b@x;sos>']],
  ])('is one where %s', (_what, contacts) => expect(isForEmergencies(register(contacts))).toBe(true));

  // The HSS asks nothing of it about where the user may be: none of these may pass for one.
  it.each([
    ['behind the URI', ['<sip:a@x>;sos']],
    ['in a display name', ['"x;sos;" <sip:a@x>']],
    ['in a parameter of the contact', ['<sip:a@x>;p=";sos;"']],
    ['in the user part', ['<sip:a;sos@x>']],
    ['of one contact of two', ['<sip:a@x;sos>', '<sip:b@x>']],
    ['of one that is not bound', ['*']],
    ['nowhere', ['<sip:a@x>']],
    ['and no contact', []],
  ])('is none where it stands %s', (_what, contacts) =>
    expect(isForEmergencies(register(contacts))).toBe(false),
  );
});
