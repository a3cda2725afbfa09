// The live transactions of an endpoint, found by what identifies them on the wire: RFC 3261 §17.1.3, §17.2.3.
// Owner: endpoint.ts.
import { H } from '../message/header-table.js';
import type { ClientMachine } from './client-branch.js';
import { Exchange } from './exchange.js';
import type { SipMessage } from '../message/message.js';
import { headerParam } from '../fields/params.js';
import { keyedHash, type HashKey } from './keyed-hash.js';
import { MAGIC_COOKIE, type TopVia } from './top-via.js';
import { TransactionIndex } from './transaction-index.js';
import type { InviteClientTransaction } from './transaction.invite-client.js';
import { InviteServerTransaction } from './transaction.invite-server.js';
import type { NonInviteClientTransaction } from './transaction.non-invite-client.js';
import type { NonInviteServerTransaction } from './transaction.non-invite-server.js';
import type { FlowWaiter } from './transaction.js';
import type { Flow, Target } from '../transport/transport.port.js';

/** What is found by its text; an exchange (exchange.ts) comes with its messages. */
export type FoundServer = InviteServerTransaction | NonInviteServerTransaction;
type FoundClient = InviteClientTransaction | NonInviteClientTransaction;

/** The first of the client transactions on one connection; they form a list. */
type Waiting = { first: FlowWaiter | undefined };

export class TransactionTable {
  readonly servers = new TransactionIndex<FoundServer>();
  readonly clients = new TransactionIndex<FoundClient>();
  /** Exchanges without a final answer, on either side. */
  exchanges = 0;
  /** Client transactions of each connection, for when it is lost; UDP has no connections to lose. */
  private readonly waiting = new Map<Flow, Waiting>();

  get size(): number {
    return this.servers.size + this.clients.size + this.exchanges;
  }

  addClient(client: ClientMachine): void {
    if (client instanceof Exchange) this.exchanges++;
    else this.clients.add(client, clientHash(client.key));
    const { flow } = client;
    if (!flow.reliable) return;
    let list = this.waiting.get(flow);
    if (list === undefined) this.waiting.set(flow, (list = { first: undefined }));
    client.nextOnFlow = list.first;
    if (list.first !== undefined) list.first.previousOnFlow = client;
    list.first = client;
  }

  removeServer(server: FoundServer): void {
    this.servers.delete(server);
  }

  removeClient(client: ClientMachine): void {
    if (client instanceof Exchange) this.exchanges--;
    else this.clients.delete(client);
    if (client.flow.reliable) this.unlink(client);
  }

  private unlink(client: FlowWaiter): void {
    const { nextOnFlow: next, previousOnFlow: previous } = client;
    if (next !== undefined) next.previousOnFlow = previous;
    if (previous !== undefined) previous.nextOnFlow = next;
    else {
      const list = this.waiting.get(client.flow);
      if (list?.first === client) list.first = next;
      // The list of an open connection stays: most have the next request soon.
      if (next === undefined && client.flow.closed) this.waiting.delete(client.flow);
    }
    client.nextOnFlow = undefined;
    client.previousOnFlow = undefined;
  }

  /** Those that wait on this connection, as a copy: telling them changes the table. */
  clientsOn(flow: Flow): readonly FlowWaiter[] {
    const found: FlowWaiter[] = [];
    let client = this.waiting.get(flow)?.first;
    for (; client !== undefined; client = client.nextOnFlow) found.push(client);
    return found;
  }

  /** Who sent INVITEs on this connection has ended: those not answered yet are. A search: it is done for few, and rarely. */
  private orphan(flow: Flow): void {
    const found: InviteServerTransaction[] = [];
    for (const server of this.servers.values())
      if (server instanceof InviteServerTransaction && server.owner?.flow === flow) found.push(server);
    for (const server of found) server.owner?.orphaned();
  }

  /** The connection is gone: whoever waits on it is told. `hasEnded`: so has the peer. */
  lost(flow: Flow, hasEnded: boolean): void {
    if (hasEnded) this.orphan(flow);
    for (const client of this.clientsOn(flow)) client.flowClosed();
    if (this.waiting.get(flow)?.first === undefined) this.waiting.delete(flow);
  }

  /** Those that send to this peer. A search: the network reports such failures rarely. */
  clientsTo(peer: Target | Flow): readonly FlowWaiter[] {
    if ('reliable' in peer && peer.reliable) return this.clientsOn(peer);
    const found: FoundClient[] = [];
    const address = 'address' in peer ? peer.address : peer.remoteAddress;
    const port = 'address' in peer ? peer.port : peer.remotePort;
    for (const client of this.clients.values()) {
      const { flow } = client;
      if (
        flow === peer ||
        (flow.transport === peer.transport && flow.remoteAddress === address && flow.remotePort === port)
      )
        found.push(client);
    }
    return found;
  }

  /** Requests that wait for a final answer, either way. */
  get pendingCount(): number {
    let count = this.exchanges;
    for (const server of this.servers.values()) if (server.owner !== undefined) count++;
    for (const { state } of this.clients.values())
      if (state === 'calling' || state === 'trying' || state === 'proceeding') count++;
    return count;
  }
}

/**
 * Key of the server transaction that a request of this method belongs to or begins. ACK and CANCEL look for 'INVITE'.
 * Without the cookie the client is of RFC 2543: Request-URI, From, Call-ID, CSeq number and the Via itself tell
 * transactions apart; the To tag does not, as an ACK has one where its INVITE had none.
 */
export const serverKey = (request: SipMessage, via: TopVia, method: string): string => {
  if (via.branch.startsWith(MAGIC_COOKIE)) return `${via.branch} ${via.sentBy} ${method}`;
  const from = headerParam(request.header(H.From) ?? '', 'tag') ?? '';
  const callId = request.header(H.CallId) ?? '';
  const top = request.header(H.Via) ?? '';
  return `${request.requestUri} ${from} ${callId} ${request.cseq} ${top} ${method}`;
};

/** Hash of a server transaction's key; the same for an INVITE, its ACK and its CANCEL. The key is not known outside. */
export const serverHash = (request: SipMessage, via: TopVia, key: HashKey): number => {
  if (via.branch.startsWith(MAGIC_COOKIE))
    return Math.imul(keyedHash(key, via.branch), MIX) ^ keyedHash(key, via.sentBy);
  let hash = request.cseq;
  for (const text of [
    request.requestUri,
    request.header(H.CallId) ?? '',
    request.header(H.Via) ?? '',
    headerParam(request.header(H.From) ?? '', 'tag') ?? '',
  ])
    hash = Math.imul(hash, MIX) ^ keyedHash(key, text);
  return hash;
};

/** Odd: multiplying by it loses nothing, and tells the texts' places apart. */
const MIX = 0x9e3779b1;

/** Hash of a client transaction's key (FNV-1a): its token is of our own making, and random. */
export const clientHash = (key: string): number => {
  let hash = 0x811c9dc5;
  for (let at = 0; at < key.length; at++) hash = Math.imul(hash ^ key.charCodeAt(at), 0x01000193);
  return hash;
};

/** Key of a client transaction, by the token in its branch: a CANCEL has its INVITE's. */
export const clientKey = (token: string, method: string): string =>
  method === 'CANCEL' ? `${token} CANCEL` : token;
