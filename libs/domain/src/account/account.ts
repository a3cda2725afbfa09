// Account: who may sign in at the portal, and as what. A reservation of its e-mail address too (docs/architecture.md §2, "Expect").
// Stream: account-<e-mail address in lower case>. backend.md §9 (Ellis). The password is in the credential store; events name its version.
// Written by ellis; folded into lines-by-account. Every event says who asked: the log is the audit.
import { assertNever, CommandRejected, type Decider } from '#libs/decider';

// ---- Events: stored for ever; schemas/account/*.json is the published shape ----

export type AccountRole = 'user' | 'operator';

/** Who asked: an account's address, or one of these words. */
export type AskedBy = string;
export const BY_KEY: AskedBy = 'api-key';
export const BY_SIGN_UP: AskedBy = 'sign-up';
export const BY_RECOVERY: AskedBy = 'recovery';
/** What a crash left unfinished, finished at a start. */
export const BY_START: AskedBy = 'start';
/** The account was made until then. */
export const BY_EXPIRY: AskedBy = 'expiry';

type Named = Readonly<{ account: string; by: AskedBy }>;

export type AccountCreated = Readonly<{
  type: 'AccountCreated';
  data: Named &
    Readonly<{
      fullName: string;
      /** Version of the password in the credential store. */
      passwordVersion: string;
      createdAtMs: number;
      /** Nobody signs in after it. */
      expiresAtMs?: number;
    }>;
}>;
export type AccountPasswordChanged = Readonly<{
  type: 'AccountPasswordChanged';
  data: Named & Readonly<{ passwordVersion: string }>;
}>;
export type AccountRoleChanged = Readonly<{
  type: 'AccountRoleChanged';
  data: Named & Readonly<{ role: AccountRole }>;
}>;
export type AccountDeleted = Readonly<{ type: 'AccountDeleted'; data: Named }>;
export type AccountEvent = AccountCreated | AccountPasswordChanged | AccountRoleChanged | AccountDeleted;

export const ACCOUNT_EVENT_TYPES = [
  'AccountCreated',
  'AccountPasswordChanged',
  'AccountRoleChanged',
  'AccountDeleted',
] as const satisfies readonly AccountEvent['type'][];

// ---- State: undefined: there is none ----

export type Account = Readonly<{
  account: string;
  fullName: string;
  passwordVersion: string;
  role: AccountRole;
  createdAtMs: number;
  expiresAtMs?: number;
}>;
export type AccountState = Account | undefined;

export const ACCOUNT_STREAM = 'account-';
export const accountStream = (account: string): string => ACCOUNT_STREAM + account;

// ---- Commands ----

export type CreateAccount = Readonly<{ type: 'CreateAccount'; data: AccountCreated['data'] }>;
export type ChangeAccountPassword = Readonly<{
  type: 'ChangeAccountPassword';
  data: AccountPasswordChanged['data'];
}>;
export type ChangeAccountRole = Readonly<{ type: 'ChangeAccountRole'; data: AccountRoleChanged['data'] }>;
export type DeleteAccount = Readonly<{ type: 'DeleteAccount'; data: AccountDeleted['data'] }>;
export type AccountCommand = CreateAccount | ChangeAccountPassword | ChangeAccountRole | DeleteAccount;

export type AccountRefusal = 'AccountExists' | 'UnknownAccount';

const refuse = (reason: AccountRefusal): CommandRejected<AccountRefusal> => new CommandRejected(reason);

const createAccount = (state: AccountState, { data }: CreateAccount): AccountEvent[] => {
  if (state !== undefined) throw refuse('AccountExists');
  return [{ type: 'AccountCreated', data }];
};

const changePassword = (state: AccountState, { data }: ChangeAccountPassword): AccountEvent[] => {
  if (state === undefined) throw refuse('UnknownAccount');
  return state.passwordVersion === data.passwordVersion ? [] : [{ type: 'AccountPasswordChanged', data }];
};

const changeRole = (state: AccountState, { data }: ChangeAccountRole): AccountEvent[] => {
  if (state === undefined) throw refuse('UnknownAccount');
  return state.role === data.role ? [] : [{ type: 'AccountRoleChanged', data }];
};

const deleteAccount = (state: AccountState, { data }: DeleteAccount): AccountEvent[] => {
  if (state === undefined) throw refuse('UnknownAccount');
  return [{ type: 'AccountDeleted', data }];
};

const created = ({ by: _by, ...data }: AccountCreated['data']): Account => ({ ...data, role: 'user' });

export const account: Decider<AccountState, AccountCommand, AccountEvent> = {
  initialState: undefined,

  decide(state, command) {
    switch (command.type) {
      case 'CreateAccount':
        return createAccount(state, command);
      case 'ChangeAccountPassword':
        return changePassword(state, command);
      case 'ChangeAccountRole':
        return changeRole(state, command);
      case 'DeleteAccount':
        return deleteAccount(state, command);
      default:
        return assertNever(command);
    }
  },

  evolve(state, { event }) {
    switch (event.type) {
      case 'AccountCreated':
        return created(event.data);
      case 'AccountPasswordChanged':
        return state && { ...state, passwordVersion: event.data.passwordVersion };
      case 'AccountRoleChanged':
        return state && { ...state, role: event.data.role };
      case 'AccountDeleted':
        return undefined;
      default:
        return assertNever(event);
    }
  },
};
