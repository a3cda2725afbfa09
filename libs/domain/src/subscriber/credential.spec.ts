// Credential versions: named, replaced, removed. The secret itself is never here.
import { specFor } from '#libs/testkit';
import { credential, type ChangeCredential } from './credential.js';

const given = specFor(credential);
const version = (id: string) =>
  ({ version: id, realm: 'ims.test', algorithms: ['MD5', 'SHA-256'], plaintextKept: false }) as const;
const changed = (id: string) =>
  ({ type: 'CredentialChanged', data: { impi: 'alice@ims.test', ...version(id) } }) as const;
const change = (id: string): ChangeCredential => ({ type: 'ChangeCredential', data: changed(id).data });
const remove = { type: 'RemoveCredential', data: { impi: 'alice@ims.test' } } as const;

describe('credential', () => {
  it('names its version, a repeat of it nothing', () => {
    given().when(change('v1')).then(changed('v1'));
    given(changed('v1')).when(change('v1')).thenNothing();
    given(changed('v1')).when(change('v2')).then(changed('v2'));
    given(changed('v1'))
      .when(change('v2'))
      .thenState((state) => expect(state).toEqual(version('v2')));
  });

  it('is removed with the version in force, once', () => {
    const removed = { type: 'CredentialRemoved', data: { impi: 'alice@ims.test', version: 'v2' } } as const;
    given(changed('v1'), changed('v2')).when(remove).then(removed);
    given(changed('v2'), removed).when(remove).thenRefused('UnknownPrivateIdentity');
    given().when(remove).thenRefused('UnknownPrivateIdentity');
    given(changed('v2'), removed).when(change('v3')).then(changed('v3'));
  });
});
