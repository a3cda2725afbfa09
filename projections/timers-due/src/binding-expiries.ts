// When the bindings of an address of record lapse, as the registration stream says: a timer that nobody has to set.
// Only expiries are kept, by a hash of the binding's name; what lapsed is decided by the router, on the row. Reader: chronos.
import { crc32 } from 'node:zlib';
import { assertNever, type Recorded } from '#libs/decider';
import type { RegistrationEvent } from '#libs/domain';
import type { DueNode } from './due-wheel.js';

export type BindingEvent = RegistrationEvent;

/** Name (hashed), expiry, and the offset of the event that granted it, three numbers a binding: most have one. */
type Flat = number[];

/** Expiries of one address of record. */
export class BindingNode implements DueNode {
  dueMs = 0;
  level = 0;
  next: DueNode | undefined = undefined;
  previous: DueNode | undefined = undefined;
  readonly kind = 'bindings';
  tries = 0;
  flat: Flat = [];

  constructor(readonly aor: string) {}

  get isEmpty(): boolean {
    return this.flat.length === 0;
  }

  /** The next one. */
  expiresMs(): number {
    let expiresMs = Infinity;
    for (let i = 1; i < this.flat.length; i += 3) expiresMs = Math.min(expiresMs, this.flat[i]!);
    return expiresMs;
  }

  /** What has lapsed by then has been told to the router. */
  forgetLapsed(nowMs: number): void {
    this.flat = this.flat.filter((_, i, flat) => flat[i - (i % 3) + 1]! > nowMs);
  }
}

const indexOf = ({ flat }: BindingNode, name: number): number => {
  for (let i = 0; i < flat.length; i += 3) if (flat[i] === name) return i;
  return -1;
};

const remove = (node: BindingNode, name: number, upTo: number): void => {
  const at = indexOf(node, name);
  if (at >= 0 && node.flat[at + 2]! <= upTo) node.flat.splice(at, 3);
};

/** Folds one event. Events come in the log's order; told again they change nothing for long: the router judges by the row. */
export const foldBindings = (node: BindingNode, { event, position }: Recorded<BindingEvent>): void => {
  switch (event.type) {
    case 'BindingAdded':
    case 'BindingRefreshed': {
      const name = crc32(event.data.bindingId);
      const at = indexOf(node, name);
      if (at < 0) node.flat.push(name, event.data.expiresAtMs, position.offset);
      else if (node.flat[at + 2]! <= position.offset) {
        node.flat[at + 1] = event.data.expiresAtMs;
        node.flat[at + 2] = position.offset;
      }
      return;
    }
    case 'BindingRemoved':
      return remove(node, crc32(event.data.bindingId), (event.data.upTo ?? position).offset);
    case 'AllBindingsRemoved':
    case 'RegistrationRejected':
      node.flat = node.flat.filter((_, i, flat) => flat[i - (i % 3) + 2]! > position.offset);
      return;
    // The router that notifies a watcher sees to the end of its subscription too; what application servers are told lapses with bindings.
    case 'SubscriptionAdded':
    case 'SubscriptionRefreshed':
    case 'SubscriptionNotified':
    case 'SubscriptionRemoved':
    case 'ThirdPartyRegistrationDue':
      return;
    default:
      return assertNever(event);
  }
};
