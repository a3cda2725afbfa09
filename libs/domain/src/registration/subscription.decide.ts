// What may happen to a subscription to registration state: asked for, refreshed, numbered for the next document, ended.
// RFC 6665 §4.2.1, RFC 3680 §4. Who may subscribe is judged before, by who knows the profile (sprout).
import { comparePositions, CommandRejected, type Position } from '#libs/decider';
import { liveBindings, type Registration } from './registration.js';
import {
  heldSubscriptions,
  type Subscription,
  type SubscriptionEnd,
  subscriptionEntry,
  type SubscriptionEvent,
} from './subscription.js';

/** A SUBSCRIBE without a tag of ours (`isNew`), or within the dialog that one made. */
export type Subscribe = Readonly<{
  type: 'Subscribe';
  data: Readonly<{
    isNew: boolean;
    nowMs: number;
    /** 0 asks for the state once, or for the end. */
    expiresS: number;
    minExpiresS: number;
    maxExpiresS: number;
    dialog: Omit<Subscription, 'expiresAtMs' | 'grantedS'>;
  }>;
}>;
/** Takes the numbers of the next document. */
export type NumberDocument = Readonly<{
  type: 'NumberDocument';
  data: Readonly<{
    subscriptionId: string;
    document: 'full' | 'partial';
    by: string;
    upTo: Position;
    ends?: SubscriptionEnd;
  }>;
}>;
/** Removes a subscription as it was at `upTo`; one that was refreshed since then stays. */
export type EndSubscription = Readonly<{
  type: 'EndSubscription';
  data: Readonly<{ subscriptionId: string; cause: SubscriptionEnd; upTo: Position }>;
}>;
export type SubscriptionCommand = Subscribe | NumberDocument | EndSubscription;

export type SubscriptionRefusal =
  | 'NotRegistered'
  | 'NoSuchSubscription'
  | 'SubscribeOutOfOrder'
  | 'SubscriptionTooBrief'
  | 'TooManySubscriptions';

/** Of one registration; beyond it a new one is refused, and none is evicted. */
export const SUBSCRIPTIONS_MAX = 20;
/** Ended ones that are remembered; with so many nothing new is taken, until the oldest are forgotten. */
export const ENDED_SUBSCRIPTIONS_MAX = 50;
/** RFC 6665 §4.2.1.1: only intervals below an hour may be called too brief. */
const TOO_BRIEF_BELOW_S = 3_600;

const refuse = (reason: SubscriptionRefusal, detail = ''): CommandRejected<SubscriptionRefusal> =>
  new CommandRejected(reason, detail);

const subscribe = (state: Registration, { data }: Subscribe): SubscriptionEvent[] => {
  const { isNew, nowMs, expiresS, minExpiresS, maxExpiresS, dialog } = data;
  const grantedS = Math.min(expiresS, maxExpiresS);
  if (grantedS !== 0 && grantedS < Math.min(minExpiresS, TOO_BRIEF_BELOW_S))
    throw refuse('SubscriptionTooBrief', `at least ${minExpiresS} s`);
  const subscription = { ...dialog, grantedS, expiresAtMs: nowMs + grantedS * 1000 };
  if (!isNew) return refresh(state, subscription, nowMs);
  if (liveBindings(state, nowMs).length === 0) throw refuse('NotRegistered');
  const held = heldSubscriptions(state.subscriptions).length;
  if (held >= SUBSCRIPTIONS_MAX) throw refuse('TooManySubscriptions', `at most ${SUBSCRIPTIONS_MAX}`);
  if (Object.keys(state.subscriptions ?? {}).length - held >= ENDED_SUBSCRIPTIONS_MAX)
    throw refuse('TooManySubscriptions', `at most ${ENDED_SUBSCRIPTIONS_MAX} ended ones are remembered`);
  return [{ type: 'SubscriptionAdded', data: subscription }];
};

/** RFC 6665 §4.4.1: within a dialog that is over, or whose subscription has lapsed, there is nothing to refresh. */
const refresh = (state: Registration, subscription: Subscription, nowMs: number): SubscriptionEvent[] => {
  const entry = subscriptionEntry(state.subscriptions, subscription.subscriptionId);
  const known = entry?.subscription;
  if (known === undefined || known.callId !== subscription.callId || known.expiresAtMs <= nowMs)
    throw refuse('NoSuchSubscription');
  if (entry?.notified?.ends !== undefined) throw refuse('NoSuchSubscription', 'its end has been told');
  if (subscription.cseq <= known.cseq) throw refuse('SubscribeOutOfOrder');
  // A target refresh (RFC 3261 §12.2.2) moves the contact; the rest of the dialog stays as it began.
  const { watcher, routes, from, to } = known;
  return [{ type: 'SubscriptionRefreshed', data: { ...subscription, watcher, routes, from, to } }];
};

const numberDocument = (state: Registration, { data }: NumberDocument): SubscriptionEvent[] => {
  const entry = subscriptionEntry(state.subscriptions, data.subscriptionId);
  if (entry?.subscription === undefined) return [];
  const { version, cseq } = entry.notified ?? { version: -1, cseq: 0 };
  return [
    {
      type: 'SubscriptionNotified',
      data: { ...data, version: version + 1, cseq: cseq + 1, grantedUntilMs: entry.grantedUntilMs },
    },
  ];
};

const endSubscription = (state: Registration, { data }: EndSubscription): SubscriptionEvent[] => {
  const entry = subscriptionEntry(state.subscriptions, data.subscriptionId);
  if (entry?.subscription === undefined || comparePositions(entry.at, data.upTo) > 0) return [];
  return [{ type: 'SubscriptionRemoved', data: { ...data, grantedUntilMs: entry.grantedUntilMs } }];
};

/** Events that the command makes of this row; [] when nothing changes; throws CommandRejected<SubscriptionRefusal>. */
export const decideSubscription = (
  state: Registration,
  command: SubscriptionCommand,
): readonly SubscriptionEvent[] => {
  switch (command.type) {
    case 'Subscribe':
      return subscribe(state, command);
    case 'NumberDocument':
      return numberDocument(state, command);
    case 'EndSubscription':
      return endSubscription(state, command);
  }
};
