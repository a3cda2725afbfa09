// Commands against the streams of provisioning, in expect mode (libs/event-log/src/expect-stream.ts).
// Used by every handler that changes something.
import {
  credential,
  credentialStream,
  type CredentialCommand,
  type CredentialEvent,
  type CredentialState,
  identity,
  identityStream,
  type IdentityCommand,
  type IdentityEvent,
  type IdentityState,
  subscriber,
  subscriberStream,
  type Subscriber,
  type SubscriberCommand,
  type SubscriberEvent,
} from '#libs/domain';
import { type DomainEvent, type Execute, type ExecutePorts, executeOn } from '#libs/event-log';

type Ports = Omit<ExecutePorts, 'view'> & Readonly<{ profiles: ExecutePorts['view'] }>;

/** The view of provisioning is the one of subscribers. */
const onProfiles =
  <S, C, E extends DomainEvent>(
    execute: Execute<S, C, E>,
  ): ((ports: Ports, ...rest: Tail<Parameters<Execute<S, C, E>>>) => ReturnType<Execute<S, C, E>>) =>
  ({ log, clock, profiles: view }, ...rest) =>
    execute({ log, clock, view }, ...rest);

type Tail<T extends readonly unknown[]> = T extends readonly [unknown, ...infer Rest] ? Rest : never;

export const onSubscriber = onProfiles(
  executeOn<Subscriber, SubscriberCommand, SubscriberEvent>(subscriber, subscriberStream),
);
export const onCredential = onProfiles(
  executeOn<CredentialState, CredentialCommand, CredentialEvent>(credential, credentialStream),
);
export const onIdentity = onProfiles(
  executeOn<IdentityState, IdentityCommand, IdentityEvent>(identity, identityStream),
);
