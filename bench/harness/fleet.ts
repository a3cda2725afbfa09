// Many phones behind one socket, as one device with many lines: thousands of users without thousands of ports.
// Responses find their phone by Call-ID, requests by the user of the Request-URI. Used by accept.
import { randomUUID } from 'node:crypto';
import { firstHeader } from '#libs/testkit';
import { createPhone, type Phone } from './phone.js';
import { DOMAIN } from './product.js';
import { openSipSocket, type SipSocket, type SocketOptions } from './sip-socket.js';
import { PASSWORD, type User } from './users.js';

export interface Fleet {
  readonly phones: readonly Phone[];
  readonly localPort: number;
  /** Contact of a phone, marked so that one registration can be told from another. */
  contact(phone: Phone, mark: string | number): string;
  /** As Phone.abandon, of all. */
  abandon(): void;
  close(): void;
}

const CALL_IDS_MAX = 1_000_000;

/** `mark` of a Contact or Request-URI that contact() made. */
export const markOf = (text: string): string | undefined => /;n=([A-Za-z0-9-]+)/.exec(text)?.[1];

const userOfRequest = (text: string): string => /^[A-Z]+ sip:([^@;>\s]+)@/.exec(text)?.[1] ?? '';

export const createFleet = async (options: SocketOptions, users: readonly User[]): Promise<Fleet> => {
  const shared = await openSipSocket(options);
  const instance = randomUUID();
  const byCallId = new Map<string, SipSocket>();
  const byUser = new Map<string, SipSocket>();
  const lineFor = (user: User): SipSocket => {
    const line: SipSocket = {
      transport: shared.transport,
      localAddress: shared.localAddress,
      localPort: shared.localPort,
      send(text) {
        if (byCallId.size < CALL_IDS_MAX) byCallId.set(firstHeader(text, 'Call-ID') ?? '', line);
        shared.send(text);
      },
      onMessage: () => undefined,
      onClose: () => undefined,
      close: () => undefined,
    };
    byUser.set(user.name, line);
    return line;
  };
  shared.onMessage = (text) => {
    const known = byCallId.get(firstHeader(text, 'Call-ID') ?? '');
    (known ?? byUser.get(userOfRequest(text)))?.onMessage(text);
  };
  const phones = await Promise.all(
    users.map((user) => createPhone({ ...options, user, domain: DOMAIN, password: PASSWORD }, lineFor(user))),
  );
  return {
    phones,
    localPort: shared.localPort,
    contact: (phone, mark) => `<${phone.contact};n=${mark}>;+sip.instance="<urn:uuid:${instance}>"`,
    abandon: () => phones.forEach((phone) => phone.abandon()),
    close() {
      phones.forEach((phone) => phone.close());
      shared.close();
    },
  };
};

/** Runs `work` for each item, so many at once. */
export const forEachAtOnce = async <T>(
  items: readonly T[],
  atOnce: number,
  work: (item: T, index: number) => Promise<void>,
): Promise<void> => {
  let next = 0;
  const worker = async (): Promise<void> => {
    while (next < items.length) {
      const at = next;
      next += 1;
      await work(items[at] as T, at);
    }
  };
  await Promise.all(Array.from({ length: Math.min(atOnce, items.length) }, worker));
};
