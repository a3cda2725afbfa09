// The live transactions of an endpoint, found by what identifies them on the wire: RFC 3261 §17.1.3, §17.2.3.
// Owner: endpoint.ts.
import { H } from '../message/header-table.js';
import type { ClientMachine } from './client-branch.js';
import type { SipMessage } from '../message/message.js';
import { headerParam } from '../fields/params.js';
import type { ServerMachine } from './server-transaction.js';
import { MAGIC_COOKIE, type TopVia } from './top-via.js';
import { InviteClientTransaction } from './transaction.invite-client.js';
import { NonInviteClientTransaction } from './transaction.non-invite-client.js';
import type { FlowWaiter } from './transaction.js';
import type { Flow, Target } from '../transport/transport.port.js';

export class TransactionTable {
  readonly servers = new Map<string, ServerMachine>();
  readonly clients = new Map<string, ClientMachine>();
  /** Client transactions of each connection, for when it is lost, as linked lists; UDP has no connections to lose. */
  private readonly firstOn = new Map<Flow, FlowWaiter>();

  get size(): number {
    return this.servers.size + this.clients.size;
  }

  addClient(client: ClientMachine): void {
    this.clients.set(client.key, client);
    const { flow } = client;
    if (!flow.reliable) return;
    const first = this.firstOn.get(flow);
    client.nextOnFlow = first;
    if (first !== undefined) first.previousOnFlow = client;
    this.firstOn.set(flow, client);
  }

  remove(machine: ServerMachine | ClientMachine): void {
    if (!isClient(machine)) {
      this.servers.delete(machine.key);
      return;
    }
    this.clients.delete(machine.key);
    if (machine.flow.reliable) this.unlink(machine);
  }

  private unlink(client: FlowWaiter): void {
    const { nextOnFlow: next, previousOnFlow: previous } = client;
    if (next !== undefined) next.previousOnFlow = previous;
    if (previous !== undefined) previous.nextOnFlow = next;
    else if (next !== undefined) this.firstOn.set(client.flow, next);
    else this.firstOn.delete(client.flow);
    client.nextOnFlow = undefined;
    client.previousOnFlow = undefined;
  }

  /** Those that wait on this connection, as a copy: telling them changes the table. */
  clientsOn(flow: Flow): readonly FlowWaiter[] {
    const found: FlowWaiter[] = [];
    for (let client = this.firstOn.get(flow); client !== undefined; client = client.nextOnFlow)
      found.push(client);
    return found;
  }

  /** Those that send to this peer. A search: the network reports such failures rarely. */
  clientsTo(peer: Target | Flow): readonly FlowWaiter[] {
    if ('reliable' in peer && peer.reliable) return this.clientsOn(peer);
    const found: ClientMachine[] = [];
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
    let count = 0;
    for (const server of this.servers.values()) if (server.owner !== undefined) count++;
    for (const { state } of this.clients.values())
      if (state === 'calling' || state === 'trying' || state === 'proceeding') count++;
    return count;
  }
}

const isClient = (machine: ServerMachine | ClientMachine): machine is ClientMachine =>
  machine instanceof NonInviteClientTransaction || machine instanceof InviteClientTransaction;

/**
 * Key of the server transaction that a request of this method belongs to or begins. ACK and CANCEL look for 'INVITE'.
 * Without the cookie the client is of RFC 2543: Request-URI, From, Call-ID, CSeq number and the Via itself tell
 * transactions apart; the To tag does not, as an ACK has one where its INVITE had none.
 */
export const serverKey = (request: SipMessage, via: TopVia, method: string): string => {
  if (via.branch.startsWith(MAGIC_COOKIE)) return flat(`${via.branch} ${via.sentBy} ${method}`);
  const from = headerParam(request.header(H.From) ?? '', 'tag') ?? '';
  const callId = request.header(H.CallId) ?? '';
  const top = request.header(H.Via) ?? '';
  return flat(`${request.requestUri} ${from} ${callId} ${request.cseq} ${top} ${method}`);
};

/** The same text in one piece: a key made of slices would keep the whole request alive as long as the transaction. */
const flat = (text: string): string => (text.charCodeAt(0) >= 0 ? text : '');

/** Key of a client transaction, by the token in its branch: a CANCEL has its INVITE's. */
export const clientKey = (token: string, method: string): string =>
  method === 'CANCEL' ? `${token} CANCEL` : token;
