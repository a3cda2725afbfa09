// A registration that somebody watches, as the log tells it: what each watcher has not been told yet, and the next document for it
// (RFC 3680 §4.7.2, §5.2). Pure: knows no log, no time but what it is given. Reader: notifier.ts.
import { comparePositions, type Position, type Recorded } from '#libs/decider';
import {
  type Binding,
  type BindingRemoved,
  decideSubscription,
  entryOf,
  evolveRegistration,
  heldSubscriptions,
  pruneRegistration,
  type Registration,
  type RegistrationEvent,
  type SubscriptionEnd,
  subscriptionEntry,
  type SubscriptionEntry,
  type SubscriptionNotified,
} from '#libs/domain';
import { type ContactEvent, type ContactState, reginfoDocument } from './reginfo-document.js';

/** The next document for one watcher, with the event that takes its numbers. */
export type NumberedDocument = Readonly<{ event: SubscriptionNotified; text: string }>;

/** Where one watcher stands. */
export type Watcher = {
  readonly id: string;
  /** Full state is due, or what changed since the last document. */
  isFullDue: boolean;
  changes: Map<string, ContactState>;
  /** Numbered and not sent yet. */
  numbered: (NumberedDocument & Readonly<{ leave: () => void }>) | undefined;
  /**
   * busy: something is under way for it, and the next document waits. ending: its end is, until the log tells of it. again: a fault was
   * met, and it waits for another try.
   */
  phase: 'idle' | 'busy' | 'ending' | 'again';
  /** It is to end without a word. */
  silentEnd: SubscriptionEnd | undefined;
  /** Sendings in a row that failed for no fault of the watcher. */
  failures: number;
};

const REMOVED: Readonly<Record<BindingRemoved['data']['cause'], ContactEvent>> = {
  client: 'unregistered',
  'flow-failed': 'unregistered',
  expired: 'expired',
};
const CLEARED = { client: 'unregistered', administrative: 'deactivated', network: 'deactivated' } as const;

const terminated = (binding: Binding, event: ContactEvent): ContactState => ({
  binding,
  isActive: false,
  event,
});

const cleared = (before: Registration, upTo: Position, event: ContactEvent): readonly ContactState[] =>
  Object.values(before.entries).flatMap(({ binding, at }) =>
    binding === undefined || comparePositions(at, upTo) > 0 ? [] : [terminated(binding, event)],
  );

/** What an event that was new to the row did to contacts that are shown. */
export const contactChanges = (
  before: Registration,
  { event, position }: Recorded<RegistrationEvent>,
): readonly ContactState[] => {
  switch (event.type) {
    case 'BindingAdded':
    case 'BindingRefreshed': {
      const binding = event.data;
      const former = entryOf(before, binding.bindingId)?.binding;
      if (former === undefined) return [{ binding, isActive: true, event: 'created' }];
      if (former.contact !== binding.contact)
        return [terminated(former, 'deactivated'), { binding, isActive: true, event: 'created' }];
      const word = binding.expiresAtMs < former.expiresAtMs ? 'shortened' : 'refreshed';
      return [{ binding, isActive: true, event: word }];
    }
    case 'BindingRemoved': {
      const former = entryOf(before, event.data.bindingId)?.binding;
      return former === undefined ? [] : [terminated(former, REMOVED[event.data.cause])];
    }
    case 'AllBindingsRemoved':
      return cleared(before, position, CLEARED[event.data.cause]);
    case 'RegistrationRejected':
      return cleared(before, position, 'rejected');
    default:
      return [];
  }
};

/** Events of which no watcher is told. */
const SILENT: ReadonlySet<RegistrationEvent['type']> = new Set([
  'SubscriptionNotified',
  'SubscriptionRemoved',
  'ThirdPartyRegistrationDue',
]);

const isShown = ({ binding }: ContactState): boolean => binding.emergency !== true;
/** Removals that the owner of a contact knows of. */
const isOwnDoing = ({ event }: ContactState): boolean => event === 'unregistered' || event === 'expired';
const keyOf = ({ bindingId, contact }: Binding): string => `${bindingId}\n${contact}`;

export class WatchedRegistration {
  readonly watchers = new Map<string, Watcher>();
  /** It ended, and the user is not to come back (RFC 3680 §4.7.1); a row that is read does not tell. */
  isRejected = false;
  private identities: readonly string[];
  private upTo: Position;
  /** Of the newest event that somebody is to be told of. */
  private changedAt: Position;

  /** `row`: as it was read at `position` or later; `isDue`: all who watch it are to get full state. */
  constructor(
    /** Default identity: names the row. */
    aor: string,
    private row: Registration,
    position: Position,
    /** This run of a router. */
    private readonly run: string,
    isDue: boolean,
  ) {
    this.upTo = position;
    this.changedAt = position;
    this.identities = this.shown()[0]?.identities ?? [aor];
    for (const { subscriptionId } of heldSubscriptions(row.subscriptions)) this.added(subscriptionId, isDue);
  }

  /** Takes an event in the log's order; false: it was known. */
  take(recorded: Recorded<RegistrationEvent>, nowMs: number): boolean {
    const before = this.row;
    const after = evolveRegistration(before, recorded);
    if (after === before) return false;
    this.row = pruneRegistration(after, nowMs);
    this.upTo = recorded.position;
    const { event } = recorded;
    if (!SILENT.has(event.type)) this.changedAt = recorded.position;
    if (event.type === 'RegistrationRejected') this.isRejected = true;
    if (event.type === 'BindingAdded' || event.type === 'BindingRefreshed') this.isRejected = false;
    switch (event.type) {
      case 'SubscriptionAdded':
      case 'SubscriptionRefreshed':
        this.added(event.data.subscriptionId, true);
        break;
      case 'SubscriptionRemoved':
        if (this.entry(event.data.subscriptionId)?.subscription === undefined)
          this.watchers.delete(event.data.subscriptionId);
        break;
      case 'SubscriptionNotified':
        break;
      default:
        this.changed(contactChanges(before, recorded).filter(isShown));
    }
    return true;
  }

  entry(id: string): SubscriptionEntry | undefined {
    return subscriptionEntry(this.row.subscriptions, id);
  }

  get registration(): Registration {
    return this.row;
  }

  /** Why the watcher's subscription is over by now; undefined: it goes on. */
  endOf(id: string, nowMs: number): SubscriptionEnd | undefined {
    const subscription = this.entry(id)?.subscription;
    if (subscription === undefined) return undefined;
    if (subscription.grantedS === 0) return 'client';
    if (this.shown().length === 0) return 'registration-ended';
    return subscription.expiresAtMs <= nowMs ? 'expired' : undefined;
  }

  /** The next document, with its numbers; what it tells counts as told. undefined: there is nothing to tell. */
  next(watcher: Watcher, nowMs: number): NumberedDocument | undefined {
    const ends = this.endOf(watcher.id, nowMs);
    if (!watcher.isFullDue && watcher.changes.size === 0 && ends === undefined) return undefined;
    const last = this.entry(watcher.id)?.notified;
    // Nobody knows whether another run has sent what it numbered.
    const isFull = watcher.isFullDue || last?.by !== this.run || ends === 'client' || ends === 'expired';
    const document = isFull ? 'full' : 'partial';
    const { run: by, upTo } = this;
    const data = {
      subscriptionId: watcher.id,
      document,
      by,
      upTo,
      ...(ends === undefined ? {} : { ends }),
    } as const;
    const [event] = decideSubscription(this.row, { type: 'NumberDocument', data });
    if (event?.type !== 'SubscriptionNotified') return undefined;
    const bindings = this.shown();
    const text = reginfoDocument({
      version: event.data.version,
      state: document,
      identities: this.identities,
      isActive: bindings.length > 0,
      contacts: isFull ? this.allContacts(bindings, watcher.changes) : [...watcher.changes.values()],
      nowMs,
    });
    watcher.isFullDue = false;
    watcher.changes = new Map();
    return { event, text };
  }

  /** Another router tells this watcher; what its document does not show is still to be told. */
  toldByAnother(watcher: Watcher, upTo: Position): void {
    watcher.isFullDue = comparePositions(upTo, this.changedAt) < 0;
    watcher.changes = new Map();
  }

  /** When the next subscription lapses. */
  nextEndMs(): number {
    let next = Infinity;
    for (const { expiresAtMs } of heldSubscriptions(this.row.subscriptions))
      next = Math.min(next, expiresAtMs);
    return next;
  }

  private shown(): Binding[] {
    const shown: Binding[] = [];
    for (const { binding } of Object.values(this.row.entries))
      if (binding !== undefined && binding.emergency !== true) shown.push(binding);
    return shown;
  }

  private allContacts(
    bindings: readonly Binding[],
    changes: ReadonlyMap<string, ContactState>,
  ): readonly ContactState[] {
    const active = bindings.map(
      (binding): ContactState =>
        changes.get(keyOf(binding)) ?? { binding, isActive: true, event: 'registered' },
    );
    return [...active, ...[...changes.values()].filter(({ isActive }) => !isActive)];
  }

  private added(id: string, isFullDue: boolean): void {
    const known = this.watchers.get(id);
    if (known !== undefined) {
      known.isFullDue = true;
      return;
    }
    const changes = new Map<string, ContactState>();
    this.watchers.set(id, { id, isFullDue, changes, numbered: undefined, phase: 'idle', silentEnd: undefined, failures: 0 }); // prettier-ignore
  }

  private changed(changes: readonly ContactState[]): void {
    const identities = changes.findLast(({ isActive }) => isActive)?.binding.identities;
    if (identities !== undefined && identities.join() !== this.identities.join()) {
      this.identities = identities;
      for (const watcher of this.watchers.values()) watcher.isFullDue = true;
    }
    for (const watcher of this.watchers.values()) {
      const own = this.entry(watcher.id)?.subscription?.contact;
      for (const change of changes) {
        if (!change.isActive && isOwnDoing(change) && change.binding.contact === own)
          watcher.silentEnd = 'contact-gone';
        watcher.changes.set(keyOf(change.binding), change);
      }
    }
  }
}
