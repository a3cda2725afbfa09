// Connections that others opened, until their CER says whose they are. RFC 6733 §5.6.1: anything else, or nothing in time, and the
// connection is closed. Hands what is welcome to its peer.
import type { Clock } from '#libs/runtime';
import type { Fault } from '../codec/avp.js';
import { FLAG, isRequest, readHeader } from '../codec/header.js';
import { HEADER_BYTES } from '../codec/limits.js';
import { faultAnswer } from '../message/answer.js';
import { Avps } from '../message/avps.js';
import { type Message, parseMessage } from '../message/message.js';
import { judgeCer, type LocalNode, type RemoteCapabilities } from '../peer/capabilities.js';
import { Link, type LinkOwner } from '../peer/link.js';
import { CAPABILITIES } from '../peer/peer-messages.js';
import type { Connection, ConnectionEvents } from '../peer/transport.port.js';

/** Connections that have not said who they are. At the bound a new one is closed at once. */
export const UNIDENTIFIED_MAX = 64;
/** From the connection to its CER. */
export const CER_WAIT_MS = 10_000;

export type IncomingOptions = Readonly<{
  local: LocalNode;
  clock: Clock;
  isWelcome(remote: RemoteCapabilities): boolean;
  accepted(link: Link, cer: Message, remote: RemoteCapabilities): void;
  told(what: string): void;
}>;

export interface Incoming {
  accept(connection: Connection): ConnectionEvents | undefined;
  stop(): void;
}

export const createIncoming = ({ local, clock, isWelcome, accepted, told }: IncomingOptions): Incoming => {
  const waiting = new Map<Link, () => void>();

  const forget = (link: Link): void => {
    waiting.get(link)?.();
    waiting.delete(link);
  };
  const refuse = (link: Link, why: string, answer?: Buffer): void => {
    told(`a connection from ${link.connection?.remote ?? ''} is refused: ${why}`);
    if (answer) link.send(answer);
    forget(link);
    link.close();
  };

  const received = (link: Link, bytes: Buffer): void => {
    const parsed = parseMessage(bytes);
    const { message } = parsed;
    if (!message || !isRequest(message) || message.command !== CAPABILITIES)
      return refuse(link, 'its first message is no CER');
    const judged = parsed.ok ? judgeCer(message, local, isWelcome) : { ok: false as const, fault: parsed.fault };
    if (!judged.ok) return refuse(link, judged.fault.reason, faultAnswer(message, judged.fault, local));
    forget(link);
    accepted(link, message, judged.remote);
  }; // prettier-ignore

  const owner: LinkOwner = {
    opened: () => undefined,
    message: received,
    unreadable: (link, fault: Fault, head) => {
      const isAnswerable = head.length === HEADER_BYTES && (head.readUInt8(4) & FLAG.request) !== 0;
      const request = isAnswerable ? { ...readHeader(head), avps: new Avps([]) } : undefined;
      refuse(link, fault.reason, request && faultAnswer(request, fault, local));
    },
    closed: forget,
  };

  return {
    accept(connection) {
      if (waiting.size >= UNIDENTIFIED_MAX) {
        told(
          `a connection from ${connection.remote} is refused: ${UNIDENTIFIED_MAX} wait to say who they are`,
        );
        return undefined;
      }
      const link = new Link(owner);
      link.connection = connection;
      waiting.set(
        link,
        clock.after(CER_WAIT_MS, () => refuse(link, 'no CER came')),
      );
      return link.events;
    },
    stop() {
      for (const link of [...waiting.keys()]) {
        forget(link);
        link.close();
      }
    },
  };
};
