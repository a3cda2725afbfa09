// Credential: which version of its secrets a private identity authenticates with. Never the secret itself: that is in
// the credential store under the version, written before the event. backend.md §3 (/private). Stream: credential-<IMPI>.
// Written by homestead-prov (expect mode); folded into subscriber-profiles; read by homestead.
import { assertNever, CommandRejected, type Decider } from '#libs/decider';

// ---- Events: stored for ever; schemas/credential/*.json is the published shape ----

export type CredentialVersion = Readonly<{
  /** Names the secret in the credential store. */
  version: string;
  realm: string;
  /** Digest algorithms that an HA1 is kept for (RFC 7616, RFC 8760). */
  algorithms: readonly ('MD5' | 'SHA-256')[];
  /** The store also keeps the password, because the operator asked for it. */
  plaintextKept: boolean;
}>;

export type CredentialChanged = Readonly<{
  type: 'CredentialChanged';
  data: CredentialVersion & Readonly<{ impi: string }>;
}>;
export type CredentialRemoved = Readonly<{
  type: 'CredentialRemoved';
  data: Readonly<{ impi: string; version: string }>;
}>;
export type CredentialEvent = CredentialChanged | CredentialRemoved;

export const CREDENTIAL_EVENT_TYPES = [
  'CredentialChanged',
  'CredentialRemoved',
] as const satisfies readonly CredentialEvent['type'][];

// ---- State: the version in force; undefined: no such private identity ----

export type CredentialState = CredentialVersion | undefined;

export const CREDENTIAL_STREAM = 'credential-';
export const credentialStream = (impi: string): string => CREDENTIAL_STREAM + impi;

// ---- Commands: the version id arrives as data, after its secret was written ----

export type ChangeCredential = Readonly<{
  type: 'ChangeCredential';
  data: CredentialVersion & Readonly<{ impi: string }>;
}>;
export type RemoveCredential = Readonly<{ type: 'RemoveCredential'; data: Readonly<{ impi: string }> }>;
export type CredentialCommand = ChangeCredential | RemoveCredential;

export type CredentialRefusal = 'UnknownPrivateIdentity';

const changeCredential = (state: CredentialState, { data }: ChangeCredential): CredentialEvent[] =>
  state?.version === data.version ? [] : [{ type: 'CredentialChanged', data }];

const removeCredential = (state: CredentialState, { data }: RemoveCredential): CredentialEvent[] => {
  if (!state) throw new CommandRejected<CredentialRefusal>('UnknownPrivateIdentity', data.impi);
  return [{ type: 'CredentialRemoved', data: { impi: data.impi, version: state.version } }];
};

export const credential: Decider<CredentialState, CredentialCommand, CredentialEvent> = {
  initialState: undefined,

  decide(state, command) {
    switch (command.type) {
      case 'ChangeCredential':
        return changeCredential(state, command);
      case 'RemoveCredential':
        return removeCredential(state, command);
      default:
        return assertNever(command);
    }
  },

  evolve(_state, { event }) {
    switch (event.type) {
      case 'CredentialChanged': {
        const { version, realm, algorithms, plaintextKept } = event.data;
        return { version, realm, algorithms, plaintextKept };
      }
      case 'CredentialRemoved':
        return undefined;
      default:
        return assertNever(event);
    }
  },
};
