// The reservation of a public identity: one set holds it, and a release that comes too late finds another revision.
import { specFor } from '#libs/testkit';
import { identity } from './identity.js';

const given = specFor(identity);
const IMPU = 'sip:alice@ims.test';
const reserved = (irs: string) => ({ type: 'IdentityReserved', data: { impu: IMPU, irs } }) as const;
const released = (irs: string) => ({ type: 'IdentityReleased', data: { impu: IMPU, irs } }) as const;
const reserve = (irs: string) => ({ type: 'ReserveIdentity', data: { impu: IMPU, irs } }) as const;
const release = (irs: string) => ({ type: 'ReleaseIdentity', data: { impu: IMPU, irs } }) as const;

describe('identity', () => {
  it('belongs to the set that reserved it, until released', () => {
    given().when(reserve('i')).then(reserved('i'));
    given(reserved('i')).when(reserve('j')).thenRefused('IdentityTaken');
    given(reserved('i'), released('i')).when(reserve('j')).then(reserved('j'));
  });

  it('is reserved again by its own set with an event, so that the revision moves', () => {
    given(reserved('i')).when(reserve('i')).then(reserved('i'));
  });

  it('is released by its own set only, and once', () => {
    given(reserved('i')).when(release('i')).then(released('i'));
    given(reserved('i')).when(release('j')).thenNothing();
    given(reserved('i'), released('i')).when(release('i')).thenNothing();
    given().when(release('i')).thenNothing();
  });
});
