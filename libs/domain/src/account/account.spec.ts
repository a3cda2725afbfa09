// Accounts: an address belongs to one, its password and role change by name only, and what is gone can be made again.
import { specFor } from '#libs/testkit';
import { account, type AccountCreated, type AccountEvent } from './account.js';

const given = specFor(account);
const WHO = { account: 'alice@example.com', by: 'sign-up' };
const CREATED: AccountCreated['data'] = {
  ...WHO,
  fullName: 'Alice',
  passwordVersion: 'v1',
  createdAtMs: 1,
};
const created: AccountEvent = { type: 'AccountCreated', data: CREATED };
const deleted: AccountEvent = { type: 'AccountDeleted', data: WHO };
const create = { type: 'CreateAccount', data: CREATED } as const;
const remove = { type: 'DeleteAccount', data: WHO } as const;
const change = (passwordVersion: string) =>
  ({ type: 'ChangeAccountPassword', data: { ...WHO, passwordVersion } }) as const;
const promote = (role: 'user' | 'operator') =>
  ({ type: 'ChangeAccountRole', data: { ...WHO, role } }) as const;
const promoted: AccountEvent = { type: 'AccountRoleChanged', data: { ...WHO, role: 'operator' } };

it('is made once for an address', () => {
  given().when(create).then(created);
  given(created).when(create).thenRefused('AccountExists');
});

it('can be made again after it was deleted, as a user', () => {
  given(created, promoted, deleted).when(create).then(created);
  given(created, promoted, deleted, created).when(promote('user')).thenNothing();
});

it('names another password, and the same one with nothing', () => {
  const changed: AccountEvent = {
    type: 'AccountPasswordChanged',
    data: { ...WHO, passwordVersion: 'v2' },
  };
  given(created).when(change('v2')).then(changed);
  given(created, changed).when(change('v2')).thenNothing();
  given().when(change('v2')).thenRefused('UnknownAccount');
});

it('gets a role and loses it', () => {
  given(created).when(promote('operator')).then(promoted);
  given(created, promoted).when(promote('operator')).thenNothing();
  given(created).when(promote('user')).thenNothing();
  given(created, deleted).when(promote('operator')).thenRefused('UnknownAccount');
});

it('is deleted when there is one', () => {
  given(created).when(remove).then(deleted);
  given().when(remove).thenRefused('UnknownAccount');
  given(created, deleted).when(remove).thenRefused('UnknownAccount');
});

it('keeps neither who asked nor anything but what is named', () => {
  const state = account.evolve(undefined, {
    event: created,
    stream: 's',
    position: { generation: 1, partition: 0, offset: 0 },
  });
  expect(state).toEqual({
    account: 'alice@example.com',
    fullName: 'Alice',
    passwordVersion: 'v1',
    createdAtMs: 1,
    role: 'user',
  });
});
