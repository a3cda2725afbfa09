// A listener without a socket: reachable through a memory hub only. For simulations and tests. Reader: transports.ts.
import type { Flow } from '../transport/transport.port.js';
import type { Listener, ListenerContext } from './listener.js';

/** Ports given out when 0 is asked for, where IANA's dynamic range begins. */
let lastPort = 49_151;

export class MemoryListener implements Listener {
  port = 0;

  constructor(readonly context: ListenerContext) {}

  listen(port: number): Promise<void> {
    this.port = port === 0 ? ++lastPort : port;
    return Promise.resolve();
  }

  /** The hub has been asked before; nobody else can be reached. */
  flowTo(_address: string, _port: number): Flow | undefined {
    return undefined;
  }

  flowById(_connectionId: number): Flow | undefined {
    return undefined;
  }

  stopAccepting(): void {}

  close(): Promise<void> {
    return Promise.resolve();
  }
}
