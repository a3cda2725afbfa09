// What a provisioning request comes to: an answer, or a fault with its HTTP status (backend.md §3).
// Handlers return and throw these; the controllers and the provisioning tool read them.
import { CommandRejected } from '#libs/decider';
import type { CredentialRefusal, IdentityRefusal, SubscriberRefusal } from '#libs/domain';
import { AppendRefused, AppendUnknown, RevisionConflict } from '#libs/event-log';
import { StoreUnavailable } from '#libs/stores';

export type Outcome<Body = undefined> = Readonly<{
  status: 200 | 201 | 204 | 303;
  body: Body;
  /** Path of what was made or found. */
  location?: string;
  /** Revision that a later If-Match may name. */
  revision?: number;
}>;

export const done = (revision?: number): Outcome => ({ status: 200, body: undefined, ...at(revision) });
export const shown = <Body>(body: Body, revision?: number): Outcome<Body> => ({
  status: 200,
  body,
  ...at(revision),
});
export const created = (location: string): Outcome => ({ status: 201, body: undefined, location });
export const seeOther = (location: string): Outcome => ({ status: 303, body: undefined, location });
/** There was nothing to remove. */
export const NOTHING: Outcome = { status: 204, body: undefined };

const at = (revision: number | undefined) => (revision === undefined ? {} : { revision });

/** A request that is not carried out. `reason` is for people: what is wrong and what would be right. */
export class ProvisioningFault extends Error {
  constructor(
    readonly status: number,
    readonly reason: string,
    readonly detail: object = {},
    readonly retryAfterS?: number,
  ) {
    super(reason);
  }
}

export const badRequest = (reason: string, detail: object = {}): ProvisioningFault =>
  new ProvisioningFault(400, reason, detail);
export const forbidden = (reason: string): ProvisioningFault => new ProvisioningFault(403, reason);
export const notFound = (reason: string): ProvisioningFault => new ProvisioningFault(404, reason);

type Refusal = SubscriberRefusal | CredentialRefusal | IdentityRefusal;

const REFUSALS: Readonly<Record<Refusal, readonly [status: number, reason: string]>> = {
  UnknownSubscriber: [404, 'no such implicit registration set'],
  UnknownServiceProfile: [404, 'no such service profile in this implicit registration set'],
  OtherServiceProfile: [403, 'the public identity belongs to another service profile'],
  UnknownPublicIdentity: [404, 'no such public identity in this service profile'],
  UnknownPrivateIdentity: [404, 'no such private identity here'],
  IdentityTaken: [403, 'the public identity belongs to another implicit registration set'],
  LimitReached: [403, 'a limit of the implicit registration set is reached'],
};

/** Seconds until a client whose request met a fault of ours should try again (RFC 9110 §10.2.3). */
const RETRY_AFTER_S = 5;

/** The fault that a client is told; undefined: a defect, answered 500 and logged. */
export const faultOf = (error: unknown): ProvisioningFault | undefined => {
  if (error instanceof ProvisioningFault) return error;
  if (error instanceof CommandRejected) {
    const [status, reason] = REFUSALS[error.reason as Refusal] ?? [400, error.reason];
    return new ProvisioningFault(status, error.detail === '' ? reason : `${reason}: ${error.detail}`);
  }
  if (error instanceof RevisionConflict) {
    return new ProvisioningFault(412, 'changed by another request meanwhile: read it again and repeat');
  }
  if (error instanceof AppendUnknown) {
    const reason = 'it is not known whether the change was kept: read it, or repeat the request';
    return new ProvisioningFault(500, reason, {}, RETRY_AFTER_S);
  }
  if (error instanceof AppendRefused || error instanceof StoreUnavailable) {
    return new ProvisioningFault(503, 'the store takes no changes now', {}, RETRY_AFTER_S);
  }
  return undefined;
};
