// One connection with its framer, and whose it is: an incoming one has no peer before its CER has come (RFC 6733 §5.6.1).
// Written by peer.ts and incoming.ts.
import type { Fault } from '../codec/avp.js';
import { StreamFramer } from '../codec/stream-framer.js';
import type { Connection, ConnectionEvents } from './transport.port.js';

export type LinkOwner = Readonly<{
  opened(link: Link): void;
  /** One whole message. */
  message(link: Link, bytes: Buffer): void;
  /** The stream cannot be read on. */
  unreadable(link: Link, fault: Fault, head: Buffer): void;
  closed(link: Link, reason: string): void;
}>;

export class Link {
  owner: LinkOwner;
  connection: Connection | undefined;
  private isClosed = false;
  readonly events: ConnectionEvents;

  constructor(owner: LinkOwner) {
    this.owner = owner;
    const framer = new StreamFramer({
      message: (bytes) => {
        if (!this.isClosed) this.owner.message(this, bytes);
      },
      failed: (fault, head) => {
        if (!this.isClosed) this.owner.unreadable(this, fault, head);
      },
    });
    this.events = {
      opened: () => {
        if (!this.isClosed) this.owner.opened(this);
      },
      data: (bytes) => {
        if (!this.isClosed) framer.push(bytes);
      },
      closed: (reason) => {
        if (this.isClosed) return;
        this.isClosed = true;
        this.owner.closed(this, reason);
      },
    };
  }

  get isOpen(): boolean {
    return !this.isClosed && this.connection !== undefined;
  }

  send(bytes: Buffer): void {
    if (!this.isClosed) this.connection?.send(bytes);
  }

  /** Its owner hears no more of it. */
  close(): void {
    this.isClosed = true;
    this.connection?.close();
  }
}
