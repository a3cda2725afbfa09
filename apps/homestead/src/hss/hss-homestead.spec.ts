// HSS mode answers as local mode does where both can; and how it tells a registrar that runs apart.
import { HttpFault, type HttpRequest } from '#libs/http-pool';
import { homesteadCoreContract } from '../contract/homestead-core.contract.js';
import { createStage, experimental, IMPI, IMPU, profile, SCSCF, success, xmlOf } from './hss-stage.fixture.js'; // prettier-ignore
import { createHttpRegistrarLink, WITHDRAWALS_MAX } from './registrar-link.js';
import { readSubscription } from './subscription-text.js';

const VECTOR = success({
  'SIP-Auth-Data-Item': {
    'SIP-Authentication-Scheme': 'SIP Digest',
    'SIP-Digest-Authenticate': { 'Digest-Realm': 'ims.test', 'Digest-QoP': 'auth', 'Digest-HA1': 'a'.repeat(32) }, // prettier-ignore
  },
});

homesteadCoreContract(async () => {
  const { core, settled, answer } = await createStage();
  const known = {
    UAR: experimental(2001),
    LIR: success({ 'Server-Name': SCSCF }),
    MAR: VECTOR,
    SAR: profile(),
  };
  for (const command of ['UAR', 'LIR', 'MAR', 'SAR'] as const)
    answer(command, ({ avps }) => (avps.get('Public-Identity') === IMPU ? known[command] : experimental(5001))); // prettier-ignore
  return { core, settled, scscfUri: SCSCF };
});

describe('the registrar elsewhere', () => {
  const setUp = (status: number | Error) => {
    const asked: HttpRequest[] = [];
    const link = createHttpRegistrarLink({
      request(request) {
        asked.push(request);
        if (status instanceof Error) return Promise.reject(status);
        return Promise.resolve({ status, headers: {}, body: '' });
      },
    });
    return { asked, link };
  };
  const both = [{ primaryImpu: IMPU, impi: IMPI }, { primaryImpu: 'tel:+1' }];

  it('is told by DELETE /registrations', async () => {
    const { asked, link } = setUp(200);
    await link.withdraw(both, { notify: true });
    expect(asked).toMatchObject([
      {
        method: 'DELETE',
        path: '/registrations?send-notifications=true',
        body: `{"registrations":[{"primary-impu":"${IMPU}","impi":"${IMPI}"},{"primary-impu":"tel:+1"}]}`,
      },
    ]);
  });

  it('is told of more than it takes at once in portions, in their order; none after one that failed', async () => {
    const { asked, link } = setUp(200);
    const many = Array.from({ length: 2 * WITHDRAWALS_MAX + 1 }, (_, n) => ({ primaryImpu: `tel:+${n}` }));
    await link.withdraw(many, { notify: false });
    const told = asked.map(({ body }) => (JSON.parse(body ?? '') as { registrations: { 'primary-impu': string }[] }).registrations); // prettier-ignore
    expect(told.map(({ length }) => length)).toEqual([WITHDRAWALS_MAX, WITHDRAWALS_MAX, 1]);
    expect(told.flat().map((one) => one['primary-impu'])).toEqual(many.map(({ primaryImpu }) => primaryImpu));
    const refused = setUp(503);
    await expect(refused.link.withdraw(many, { notify: false })).rejects.toThrow('503');
    expect(refused.asked).toHaveLength(1);
  });

  it('is told of a changed profile by PUT /registrations/<default impu>', async () => {
    const { asked, link } = setUp(200);
    await link.changeProfile(IMPU, '<a b="c"/>');
    const body = '{"user-data-xml":"<a b=\\"c\\"/>"}';
    expect(asked).toMatchObject([{ method: 'PUT', path: '/registrations/sip%3Aalice%40ims.test', body }]);
    await expect(setUp(400).link.changeProfile(IMPU, '')).rejects.toThrow('400');
  });

  it.each([[400], [500], [503], [new HttpFault('timeout')]])('has not done it when it says %s', async (status) => {
    await expect(setUp(status).link.withdraw(both, { notify: false })).rejects.toThrow();
  }); // prettier-ignore
});

describe('User-Data', () => {
  it('is kept without prolog, comments around it and namespace prefixes', () => {
    const xml = `<?xml version="1.0"?><!-- of an HSS -->\n<cx:IMSSubscription xmlns:cx="urn:x"><cx:PrivateID>p</cx:PrivateID><cx:ServiceProfile><cx:PublicIdentity><cx:Identity>${IMPU}</cx:Identity></cx:PublicIdentity></cx:ServiceProfile></cx:IMSSubscription>\n`;
    expect(readSubscription(Buffer.from(xml))).toEqual({
      xml: `<IMSSubscription xmlns:cx="urn:x"><PrivateID>p</PrivateID><ServiceProfile><PublicIdentity><Identity>${IMPU}</Identity></PublicIdentity></ServiceProfile></IMSSubscription>`,
      impus: [IMPU],
      privateId: 'p',
    });
  });

  it('the default identity comes first: the first that is not barred, or of all barred ones the first', () => {
    const barred = (impu: string) => `<PublicIdentity><BarringIndication>1</BarringIndication><Identity>${impu}</Identity></PublicIdentity>`; // prettier-ignore
    const xml = (identities: string) => `<IMSSubscription><ServiceProfile>${identities}</ServiceProfile></IMSSubscription>`; // prettier-ignore
    const open = `<PublicIdentity><Identity>${IMPU}</Identity></PublicIdentity>`;
    expect(readSubscription(xml(barred('sip:b') + open))?.impus).toEqual([IMPU, 'sip:b']);
    expect(readSubscription(xml(barred('sip:b') + barred('sip:c')))?.impus).toEqual(['sip:b', 'sip:c']);
  });

  it.each(['', '<x/>', '<IMSSubscription>', '</IMSSubscription><IMSSubscription>', '<!DOCTYPE a><IMSSubscription><a></IMSSubscription>', `${xmlOf([])}`.replace('</Service', '</Other')])('%j is none', (xml) => {
    expect(readSubscription(xml)).toBeUndefined();
  }); // prettier-ignore
});
