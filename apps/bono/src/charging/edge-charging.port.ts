// The edge's own part of a call as something to charge: what the handlers say of it. Implemented by edge-charging.ts.
import type { RoleOfNode } from '#libs/domain';
import type { Edits, SipMessage } from '#libs/sip';

/** One transaction that is charged, until its end. */
export interface Charge {
  /** What this edge's Record-Route remembers of a dialog that it makes; '': of none. */
  readonly mark: string;
  /** What answers of a client's are given on their way to the core. */
  readonly vector?: string | undefined;
  /** `ends`: the registration is over by it. */
  completed(status: number, ends?: boolean): void;
}

/** Who asks for what, of a request outside dialogs. */
export type ChargedRequest = Readonly<{
  icid: string;
  callingParty: readonly string[];
  calledParty: string;
}>;

export interface EdgeCharging {
  /** What the core is told of whom the records are for (RFC 7315 §4.5). */
  readonly functions: string;

  /** A request of a client's outside dialogs, on its way to the core. undefined: its method is not charged. */
  fromClient(request: SipMessage, edits: Edits, about: ChargedRequest): Charge | undefined;

  /** A request of the core's, on its way to a client; `popped`: this edge's own Routes that it came with. */
  toClient(
    request: SipMessage,
    way: Readonly<{ token: string | undefined; popped: readonly string[] }>,
  ): Charge | undefined;

  /**
   * A request inside a dialog that this edge recorded; undefined: it means nothing, or no mark of this edge's vouches for the dialog.
   * `side`: of the client in this transaction; `callId`: as the core knows it.
   */
  inDialog(
    request: SipMessage,
    popped: readonly string[],
    side: RoleOfNode,
    callId?: string,
  ): Charge | undefined;

  /** The client is gone, which the core is told: its session ends all the same. */
  undelivered(request: SipMessage, popped: readonly string[], status: number): void;
}
