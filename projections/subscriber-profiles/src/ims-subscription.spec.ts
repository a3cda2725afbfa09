// The IMSSubscription document: exactly as Clearwater's provisioning wrote it (backend.md §3), whatever form the parts had.
import type { ProvisionedProfile, Subscriber } from '#libs/domain';
import { imsSubscriptionXml, rootElement } from './ims-subscription.js';

const identity = (impu: string) => ({
  impu,
  xml: `<PublicIdentity><Identity>${impu}</Identity></PublicIdentity>`,
  barred: false,
});
const subscriber = (...serviceProfiles: ProvisionedProfile[]): Subscriber => ({
  exists: true,
  serviceProfiles,
  privateIds: [],
});
const A = identity('sip:a@ims.test');
const B = identity('tel:+12025550101');
const doc = (profiles: string) =>
  `<IMSSubscription><PrivateID>Unspecified</PrivateID>${profiles}</IMSSubscription>`;

describe('imsSubscriptionXml', () => {
  it('has every profile with its identities, and an empty criterion where none were given', () => {
    const profiles = [
      { id: 'p', publicIdentities: [A, B] },
      { id: 'q', publicIdentities: [], filterCriteriaXml: '<ServiceProfile><X/></ServiceProfile>' },
    ];
    expect(imsSubscriptionXml(subscriber(...profiles))).toBe(
      doc(
        `<ServiceProfile><InitialFilterCriteria/>${A.xml}${B.xml}</ServiceProfile>` +
          '<ServiceProfile><X/></ServiceProfile>',
      ),
    );
    expect(imsSubscriptionXml(subscriber())).toBe(doc(''));
  });

  it.each([
    [
      'a declaration',
      `<?xml version="1.0"?>\n<ServiceProfile><X/></ServiceProfile>\n`,
      '<ServiceProfile><X/>@</ServiceProfile>',
    ],
    [
      'comments around',
      `<!-- </a> --> <ServiceProfile>\n<X/></ServiceProfile><!-- <b> --><?c d?>`,
      '<ServiceProfile>\n<X/>@</ServiceProfile>',
    ],
    [
      'a byte order mark',
      `\ufeff<ServiceProfile><X/></ServiceProfile>`,
      '<ServiceProfile><X/>@</ServiceProfile>',
    ],
    ['no children', '<ServiceProfile/>', '<ServiceProfile>@</ServiceProfile>'],
    ['no children, with a space', '<ServiceProfile />', '<ServiceProfile>@</ServiceProfile>'],
    [
      'a last child that closes itself',
      '<ServiceProfile><X/></ServiceProfile >',
      '<ServiceProfile><X/>@</ServiceProfile >',
    ],
    [
      'a comment before its end',
      '<ServiceProfile><!-- </x> --></ServiceProfile>',
      '<ServiceProfile><!-- </x> -->@</ServiceProfile>',
    ],
    [
      'an attribute',
      '<ServiceProfile xmlns="urn:x"><X/></ServiceProfile>',
      '<ServiceProfile xmlns="urn:x"><X/>@</ServiceProfile>',
    ],
    [
      'a namespace prefix',
      '<i:ServiceProfile xmlns:i="urn:x"/>',
      '<i:ServiceProfile xmlns:i="urn:x">@</i:ServiceProfile>',
    ],
  ])('takes a profile with %s', (_what, filterCriteriaXml, expected) => {
    const xml = imsSubscriptionXml(subscriber({ id: 'p', publicIdentities: [A], filterCriteriaXml }));
    expect(xml).toBe(doc(expected.replace('@', A.xml)));
  });
});

describe('rootElement', () => {
  it('ends, whatever it is given', () => {
    for (const odd of ['', ' ', '<?', '<!--', '<?x?>', '-->', '<a><!-- -->'])
      expect(rootElement(odd)).toBeDefined();
  });
});
