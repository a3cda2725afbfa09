// Registration events and state in words (RFC 3261 §10, RFC 5626).
import {
  heldSubscriptions,
  liveBindings,
  type Binding,
  type Registration,
  type RegistrationEvent,
  type Subscription,
  type SubscriptionNotified,
} from '#libs/domain';
import { flowOrigin } from './flow-words.js';
import { relativeText, timeText } from './plain-text.js';

/** One line without the time. `stream` tells whose registration it is. */
export const registrationWords = ({ type, data }: RegistrationEvent, stream: string): string => {
  switch (type) {
    case 'BindingAdded':
      return boundWords(data, stream, 'initial');
    case 'BindingRefreshed':
      return boundWords(data, stream, 'refresh');
    case 'BindingRemoved':
      return `removed ${data.contact}: ${REMOVED[data.cause]}`;
    case 'AllBindingsRemoved':
      return `removed all bindings: ${CLEARED[data.cause]}`;
    case 'RegistrationRejected':
      return 'removed all bindings: an operator does not want them back';
    case 'SubscriptionAdded':
      return `${watcherWords(data)} watches the registration ${grantedWords(data)}`;
    case 'SubscriptionRefreshed':
      return `${watcherWords(data)} goes on watching ${grantedWords(data)}`;
    case 'SubscriptionNotified':
      return documentWords(data);
    case 'SubscriptionRemoved':
      return `subscription ${data.subscriptionId} ended: ${ENDED[data.cause]}`;
    case 'ThirdPartyRegistrationDue':
      return `${data.kind} to be told to ${
        data.servers
          .filter(({ isDue }) => isDue)
          .map(({ server }) => server)
          .join(', ') || 'nobody now'
      }`;
  }
};

const REMOVED = {
  client: 'the client asked',
  expired: 'it expired',
  'flow-failed': 'its flow is gone',
} as const;
const CLEARED = {
  client: 'the client asked',
  administrative: 'an operator asked',
  network: 'the HSS asked',
} as const;

const ENDED = {
  client: 'the watcher asked',
  expired: 'it expired',
  'registration-ended': 'nothing is registered any more',
  'contact-gone': 'its own contact was removed',
  failed: 'the watcher did not take it',
} as const;

const watcherWords = ({ watcher, contact, subscriptionId }: Subscription): string =>
  `${watcher} at ${contact} (subscription ${subscriptionId})`;

const grantedWords = ({ grantedS }: Subscription): string =>
  grantedS === 0 ? 'no longer' : `for ${grantedS} s`;

const documentWords = (data: SubscriptionNotified['data']): string => {
  const { subscriptionId, version, cseq, document, ends } = data;
  const last = ends === undefined ? '' : `, its last: ${ENDED[ends]}`;
  return `${document} document ${version} for subscription ${subscriptionId}, NOTIFY ${cseq}${last}`;
};

const boundWords = (binding: Binding, stream: string, kind: string): string => {
  const { contact, grantedS, impu, emergency, userAgent } = binding;
  const as = stream === `registration-${impu}` ? '' : ` as ${impu}`;
  const agent = userAgent === undefined ? '' : `, ${userAgent}`;
  return `bound ${contact}${as} for ${grantedS} s${fromWords(binding)} (${kind}${emergency ? ', emergency' : ''}${agent})`;
};

/** The last hop of the Path is the edge that holds the flow; its user part is the flow's token. */
const fromWords = ({ path }: Binding): string => {
  const edge = /^<?sips?:(?:([^@>]*)@)?([^;>?]*)/.exec(path.at(-1) ?? '');
  if (!edge) return '';
  const origin = flowOrigin(edge[1] ?? '');
  return origin === undefined ? ` via ${edge[2]}` : ` from ${origin}`;
};

/** The bindings of a moment, those that had lapsed by then marked. */
export const registrationStateLines = (state: Registration, atMs: number): readonly string[] => {
  const bindings = Object.values(state.entries).flatMap(({ binding }) => (binding ? [binding] : []));
  const live = new Set(liveBindings(state, atMs).map(({ bindingId }) => bindingId));
  const watchers = heldSubscriptions(state.subscriptions).map((watched) => subscriptionLine(watched, atMs));
  if (bindings.length === 0) return ['no bindings', ...watchers];
  const lines = bindings.flatMap((binding) => [
    `${live.has(binding.bindingId) ? '' : 'EXPIRED '}${binding.contact}`,
    `  until ${timeText(binding.expiresAtMs)} (${relativeText(binding.expiresAtMs, atMs)}), ${binding.grantedS} s granted, q ${binding.q}`,
    `  ${binding.impu}, authenticated as ${binding.impi}${binding.userAgent === undefined ? '' : `, ${binding.userAgent}`}`,
    `  binding ${binding.bindingId}, Call-ID ${binding.callId}, CSeq ${binding.cseq}`,
  ]);
  return [...lines, ...watchers];
};

const subscriptionLine = (subscription: Subscription, atMs: number): string =>
  `watched by ${watcherWords(subscription)} until ${timeText(subscription.expiresAtMs)} (${relativeText(subscription.expiresAtMs, atMs)})`;
