// A peer machine whose far end is a script: connections that record what was sent and closed, and a fake clock.
import { createFakeClock, createSeededRandom } from '#libs/testkit';
import { FLAG, isRequest } from '../codec/header.js';
import { APPLICATIONS } from '../dictionary/dictionary.js';
import { answerHeader } from '../message/answer.js';
import type { Message } from '../message/message.js';
import { type Body, writeMessage } from '../message/write-message.js';
import { capabilitiesBody, type LocalNode, remoteCapabilities } from '../peer/capabilities.js';
import { createIds } from '../peer/ids.js';
import { Link } from '../peer/link.js';
import { Peer, USUAL_TIMING } from '../peer/peer.js';
import type { Connection, ConnectionEvents } from '../peer/transport.port.js';
import { headerOf, parsed, UAR } from './samples.fixture.js';

export type Wire = { sent: Message[]; isClosed: boolean; events: ConnectionEvents | undefined };

export const localNode = (host: string): LocalNode => ({
  host,
  realm: 'ims.test',
  addresses: ['127.0.0.1'],
  vendorId: 0,
  productName: 'test',
  applications: [APPLICATIONS.cx],
  originStateId: 1,
});

const wire = (): Wire & { connection: Connection } => {
  const made: Wire & { connection: Connection } = {
    sent: [],
    isClosed: false,
    events: undefined,
    connection: {
      send: (bytes) => void made.sent.push(parsed(bytes)),
      close: () => void (made.isClosed = true),
      queuedBytes: 0,
      remote: 'far',
    },
  };
  return made;
};

export const nameOf = (message: Message): string => `${message.command}${isRequest(message) ? 'R' : 'A'}`;

export const scriptedPeer = (localHost = 'a.ims.test', remoteHost = 'b.ims.test') => {
  const clock = createFakeClock();
  const local = localNode(localHost);
  const far = localNode(remoteHost);
  const dialled: Wire[] = [];
  const accepted: Wire[] = [];
  const seen: string[] = [];
  const ports = {
    clock,
    random: createSeededRandom(1),
    ids: createIds(clock, createSeededRandom(2)),
    connect: (_address: unknown, events: ConnectionEvents) => {
      const made = wire();
      made.events = events;
      dialled.push(made);
      return made.connection;
    },
  };
  const peer = new Peer({ host: remoteHost }, { host: 'far', port: 3868 }, local, USUAL_TIMING, ports, {
    up: () => void seen.push('up'),
    failover: () => void seen.push('failover'),
    closed: (_peer, reason) => void seen.push(`closed ${reason}`),
    request: (_peer, _link, message) => void seen.push(`request ${message.command}`),
    answer: (_peer, message) => void seen.push(`answer ${message.command}`),
    told: () => undefined,
  });
  let end = 100;
  const request = (command: number, body: Body, applicationId = 0): Buffer =>
    writeMessage({ flags: FLAG.request, command, applicationId, hopByHop: (end += 1), endToEnd: end }, body);
  const identity = { 'Origin-Host': remoteHost, 'Origin-Realm': 'ims.test' } as const;
  const answerTo = (message: Message | undefined, body: Body): Buffer => {
    if (!message) throw new Error('nothing to answer');
    return writeMessage(answerHeader(message), { 'Result-Code': 2001, ...body });
  };
  const last = (side: Wire[]): Wire => {
    const found = side.at(-1);
    if (!found) throw new Error('no connection');
    return found;
  };
  const deliver = (side: Wire[], bytes: Buffer): void => last(side).events?.data(bytes);

  return {
    peer,
    clock,
    seen,
    dialled,
    accepted,
    connected: () => last(dialled).events?.opened(),
    refused: () => last(dialled).events?.closed('refused'),
    hangUp: (side: Wire[]) => last(side).events?.closed('gone'),
    /** A connection that comes in, its CER read: R-Conn-CER. */
    comes: (originStateId = 1) => {
      const made = wire();
      accepted.push(made);
      const nobody = () => undefined;
      const link = new Link({ opened: nobody, message: nobody, unreadable: nobody, closed: nobody });
      link.connection = made.connection;
      made.events = link.events;
      const cer = parsed(request(257, capabilitiesBody({ ...far, originStateId })));
      const remote = remoteCapabilities(cer, local);
      if (remote) peer.accept(link, cer, remote);
    },
    cea: (body: Body = {}) =>
      deliver(dialled, answerTo(last(dialled).sent.find(({ command }) => command === 257), { ...capabilitiesBody(far), ...body })),
    dwr: (side: Wire[]) => deliver(side, request(280, identity)),
    dwa: (side: Wire[]) => deliver(side, answerTo(last(side).sent.findLast((one) => nameOf(one) === '280R'), identity)),
    dpr: (side: Wire[], cause = 0) => deliver(side, request(282, { ...identity, 'Disconnect-Cause': cause })),
    dpa: (side: Wire[]) => deliver(side, answerTo(last(side).sent.findLast((one) => nameOf(one) === '282R'), identity)),
    application: (side: Wire[]) => deliver(side, writeMessage(headerOf('UAR'), UAR)),
    bytes: (side: Wire[], bytes: Buffer) => deliver(side, bytes),
  };
}; // prettier-ignore

export type Scripted = ReturnType<typeof scriptedPeer>;
