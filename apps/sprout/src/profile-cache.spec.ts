import { ProfileCache } from './profile-cache.js';

const identity = (uri: string, more = ''): string =>
  `<PublicIdentity><Identity>${uri}</Identity>${more}</PublicIdentity>`;
const document = (identities: string): string =>
  `<IMSSubscription><PrivateID>a</PrivateID><ServiceProfile>${identities}</ServiceProfile></IMSSubscription>`;
const psi = '<Extension><IdentityType>2</IdentityType><WildcardedPSI>sip:chat!.*!@ims.test</WildcardedPSI></Extension>'; // prettier-ignore

describe('a profile', () => {
  it('serves an identity by the pattern that it matches', () => {
    const xml = document(identity('sip:a@ims.test') + identity('sip:chat@ims.test', psi));
    const profile = new ProfileCache().profile(xml)!;
    expect(profile.wildcard('sip:chat-42@ims.test')).toMatchObject({ barred: false });
    expect(profile.wildcard('sip:other@ims.test')).toBeUndefined();
    expect(profile.identities).toEqual(['sip:a@ims.test']);
  });

  it('bars what it says is barred', () => {
    const barred = '<BarringIndication>1</BarringIndication>';
    const profile = new ProfileCache().profile(document(identity('sip:a@ims.test', barred) + identity('sip:b@ims.test')))!; // prettier-ignore
    expect(profile.served.get('sip:a@ims.test')).toMatchObject({ barred: true });
    expect(profile.defaultImpu).toBe('sip:b@ims.test');
  });
});
