// Any event in one line of words. An event of a kind or version that this program does not know is shown as it stands.
// Readers: every command.
import {
  type AccountEvent,
  AGGREGATES,
  type AssignmentEvent,
  categoryOf,
  callDetails,
  type CallEvent,
  type CallListEvent,
  callListWords,
  callWords,
  type ChargingEvent,
  chargingWords,
  type CredentialEvent,
  type DocumentEvent,
  type IdentityEvent,
  type LineNumberEvent,
  type RegistrationEvent,
  type SubscriberEvent,
  type TimerEvent,
} from '#libs/domain';
import type { RecordedEvent } from '#libs/event-log';
import { accountWords, numberWords } from './account-words.js';
import { plain } from './plain-text.js';
import {
  assignmentWords,
  credentialWords,
  documentWords,
  identityWords,
  subscriberWords,
} from './provisioning-words.js';
import { registrationWords } from './registration-words.js';
import { timerWords } from './timer-words.js';

/** Characters of an unknown event's data that are shown. */
const RAW_LENGTH_MAX = 200;

/** The words are for a terminal: control characters are escaped. */
export const describeEvent = (recorded: RecordedEvent): string => {
  try {
    return plain(wordsOf(recorded) ?? rawWords(recorded));
  } catch {
    // Data of another shape than this version knows.
    return plain(rawWords(recorded));
  }
};

/** More lines, where the story of a call wants them. */
export const detailsOf = (recorded: RecordedEvent): readonly string[] => {
  if (categoryOf(recorded.stream) !== 'call') return [];
  try {
    return callDetails(recorded.event as CallEvent).map(plain);
  } catch {
    return [];
  }
};

const rawWords = ({ event: { type, data } }: RecordedEvent): string => {
  const text = JSON.stringify(data);
  return `${type} ${text.length > RAW_LENGTH_MAX ? `${text.slice(0, RAW_LENGTH_MAX)}…` : text}`;
};

const wordsOf = ({ event, stream }: RecordedEvent): string | undefined => {
  const category = categoryOf(stream);
  if (!AGGREGATES[category]?.eventTypes.includes(event.type)) return undefined;
  switch (category) {
    case 'registration':
      return registrationWords(event as RegistrationEvent, stream);
    case 'call':
      return callWords(event as CallEvent);
    case 'calllist':
      return callListWords(event as CallListEvent);
    case 'charging':
      return chargingWords(event as ChargingEvent);
    case 'subscriber':
      return subscriberWords(event as SubscriberEvent);
    case 'credential':
      return credentialWords(event as CredentialEvent);
    case 'identity':
      return identityWords(event as IdentityEvent);
    case 'assignment':
      return assignmentWords(event as AssignmentEvent);
    case 'document':
      return documentWords(event as DocumentEvent);
    case 'account':
      return accountWords(event as AccountEvent);
    case 'number':
      return numberWords(event as LineNumberEvent);
    case 'timer':
      return timerWords(event as TimerEvent);
    default:
      return undefined;
  }
};
