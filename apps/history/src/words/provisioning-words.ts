// Provisioning events in words: subscribers, credentials, identities, what an HSS told.
import type {
  AssignmentEvent,
  CredentialEvent,
  DocumentEvent,
  IdentityEvent,
  SubscriberEvent,
} from '#libs/domain';

/** One line without the time. */
export const subscriberWords = (event: SubscriberEvent): string => {
  switch (event.type) {
    case 'SubscriberCreated':
      return 'created';
    case 'ServiceProfileAdded':
      return `service profile ${event.data.serviceProfile} added`;
    case 'ServiceProfileRemoved':
      return `service profile ${event.data.serviceProfile} removed${held(event.data.publicIdentities)}`;
    case 'FilterCriteriaChanged':
      return `filter criteria of ${event.data.serviceProfile} set, ${criteriaCount(event.data.xml)}`;
    case 'PublicIdentityAssigned':
      return `${event.data.impu} assigned to ${event.data.serviceProfile}${event.data.barred ? ', barred' : ''}`;
    case 'PublicIdentityRemoved':
      return `${event.data.impu} removed`;
    case 'PrivateIdentityLinked':
      return `${event.data.impi} may register`;
    case 'PrivateIdentityUnlinked':
      return `${event.data.impi} may no longer register`;
    case 'SubscriberDeleted':
      return `deleted${held([...event.data.publicIdentities, ...event.data.privateIdentities])}`;
  }
};

const held = (identities: readonly string[]): string =>
  identities.length === 0 ? '' : `, with ${identities.join(', ')}`;

const criteriaCount = (xml: string): string => {
  const count = xml.split('</InitialFilterCriteria>').length - 1;
  return count === 1 ? '1 criterion' : `${count} criteria`;
};

/** One line without the time. */
export const credentialWords = (event: CredentialEvent): string => {
  switch (event.type) {
    case 'CredentialChanged':
      return `credential set, realm ${event.data.realm}, ${event.data.algorithms.join(' and ') || 'AKA'}${event.data.plaintextKept ? ', password kept' : ''}`;
    case 'CredentialRemoved':
      return 'credential removed';
  }
};

/** One line without the time. */
export const identityWords = (event: IdentityEvent): string => {
  switch (event.type) {
    case 'IdentityReserved':
      return `belongs to subscriber ${event.data.irs}`;
    case 'IdentityReleased':
      return `free again, was of subscriber ${event.data.irs}`;
  }
};

/** One line without the time. */
export const documentWords = (event: DocumentEvent): string => {
  switch (event.type) {
    case 'DocumentChanged':
      return `document ${event.data.auid} of ${event.data.impu} written, ${event.data.xml.length} characters`;
    case 'DocumentRemoved':
      return `document ${event.data.auid} of ${event.data.impu} removed`;
  }
};

const RECEIVED_BY: Readonly<Record<string, string>> = {
  registration: 'at a registration',
  call: 'at a call',
  push: 'of its own accord',
};

/** One line without the time. */
export const assignmentWords = (event: AssignmentEvent): string => {
  switch (event.type) {
    case 'SubscriptionReceived':
      return `the HSS told of ${event.data.publicIdentities.join(', ')} ${RECEIVED_BY[event.data.by] ?? event.data.by}, ${criteriaCount(event.data.xml)}`;
    case 'AssignmentWithdrawn':
      return `the HSS ended the registration (${event.data.reason})${held(event.data.privateIdentities)}`;
  }
};
