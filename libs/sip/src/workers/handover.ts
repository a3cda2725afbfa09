// What came to this worker and is another one's. The kernel gives a connection, and a datagram by its two addresses, to one of the
// processes on a port: an answer over UDP, or on a connection that the peer opened for it, may reach one that did not ask. Its branch
// says who did, and it is handed on. A CANCEL over UDP whose INVITE is not here is taken round: when workers come and go the kernel
// gives a peer to another one. Written by endpoint.ts as `Elsewhere`; the apps' own frames go by `tell`.
import { readTopVia, MAGIC_COOKIE } from '../transaction/top-via.js';
import type { SipMessage } from '../message/message.js';
import type { Elsewhere } from '../proxy/endpoint.options.js';
import type { Flow, TransportReceiver } from '../transport/transport.port.js';
import type { WorkerLinks } from './worker-links.port.js';

/** By a worker's number: what its branches have behind the cookie. */
const MARKS = 'ABCDEFGHIJKLMNOP';

export type HandoverCounters = { given: number; taken: number; lost: number };

export type HandoverPorts = Readonly<{
  links: WorkerLinks;
  receiver: () => Pick<TransportReceiver, 'message'>;
  /** The datagram flow of a listener to a peer. */
  datagramFlow: (listener: string, address: string, port: number) => Flow | undefined;
  /** A probe of this worker came to another one (adapters/wait-probe.ts). */
  probeAstray?: (listener: string) => void;
  /** A frame of the app's own. */
  told?: (text: string) => void;
}>;

/** Of an answer that came to another worker nothing but its listener matters, and nobody answers it. */
const handedFlow = (listener: string): Flow => ({
  transport: 'tcp',
  reliable: true,
  listener,
  localAddress: '',
  localPort: 0,
  remoteAddress: '',
  remotePort: 0,
  connectionId: 0,
  closed: true,
  send: () => false,
  close: () => undefined,
});

export class Handover implements Elsewhere {
  readonly counters: HandoverCounters = { given: 0, taken: 0, lost: 0 };
  /** How often the message at hand may still be passed on; undefined: it came by the network. */
  #left: number | undefined;

  constructor(private readonly ports: HandoverPorts) {}

  /** Takes what the others hand on: to be called once the receiver is there. */
  open(): void {
    this.ports.links.listen((frame) => this.#received(frame));
  }

  /** What the endpoint of this worker is made with. */
  get endpointOptions(): Readonly<{ elsewhere: Elsewhere; branchMark: string }> {
    return { elsewhere: this, branchMark: MARKS.charAt(this.ports.links.own) };
  }

  /** For metrics: what was given to others, taken from them, and lost as they could not be reached. */
  get counts(): Readonly<Record<keyof HandoverCounters, () => number>> {
    const { counters } = this;
    return { given: () => counters.given, taken: () => counters.taken, lost: () => counters.lost };
  }

  response(response: SipMessage, flow: Flow): boolean {
    const worker = this.#left === undefined ? ownerOf(response) : -1;
    const { own, count } = this.ports.links;
    if (worker < 0 || worker === own || worker >= count) return false;
    return this.#give(worker, `R${flow.listener}\n${response.raw}`);
  }

  cancel(cancel: SipMessage, flow: Flow): boolean {
    // A connection stays where it was accepted, and with it all that belongs together.
    if (flow.reliable) return false;
    const { own, count } = this.ports.links;
    const toAsk = this.#left ?? count - 1;
    // Round from here on; who cannot be reached is passed over, and the last one answers.
    for (let step = 1; step <= toAsk; step++) {
      const head = `C${toAsk - step} ${flow.listener} ${flow.remotePort} ${flow.remoteAddress}`;
      if (this.#give((own + step) % count, `${head}\n${cancel.raw}`)) return true;
    }
    return false;
  }

  /** A frame of the app's own for all other workers. */
  tell(text: string): void {
    const { own, count } = this.ports.links;
    for (let worker = 0; worker < count; worker++) if (worker !== own) this.#give(worker, `U${text}`);
  }

  /** To the worker whose probe came here. */
  probeOf(worker: number, listener: string): void {
    this.ports.links.send(worker, `P${listener}`);
  }

  #give(worker: number, frame: string): boolean {
    const given = this.ports.links.send(worker, frame);
    if (given) this.counters.given += 1;
    else this.counters.lost += 1;
    return given;
  }

  #received(frame: string): void {
    const end = frame.indexOf('\n');
    const head = end < 0 ? frame.slice(1) : frame.slice(1, end);
    switch (frame.charAt(0)) {
      case 'R':
        return this.#take(frame.slice(end + 1), handedFlow(head), 0);
      case 'C': {
        const [left = '', listener = '', port = '', address = ''] = head.split(' ');
        const flow = this.ports.datagramFlow(listener, address, Number(port));
        if (flow !== undefined) this.#take(frame.slice(end + 1), flow, Number(left));
        return;
      }
      case 'P':
        return this.ports.probeAstray?.(head);
      case 'U':
        return this.ports.told?.(frame.slice(1));
    }
  }

  #take(raw: string, flow: Flow, left: number): void {
    this.counters.taken += 1;
    this.#left = left;
    try {
      this.ports.receiver().message(raw, flow);
    } finally {
      this.#left = undefined;
    }
  }
}

/** Whose request it answers; -1 for what no worker has sent. */
const ownerOf = (response: SipMessage): number => {
  const branch = readTopVia(response)?.branch;
  return branch?.startsWith(MAGIC_COOKIE) === true ? MARKS.indexOf(branch.charAt(MAGIC_COOKIE.length)) : -1;
};
