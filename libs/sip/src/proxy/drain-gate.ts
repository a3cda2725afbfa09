// Who is let in while a node drains: what belongs to a dialog, and whom its user names. Used by endpoint.ts.
import { headerParam } from '../fields/params.js';
import { H } from '../message/header-table.js';
import type { SipMessage } from '../message/message.js';
import type { Flow } from '../transport/transport.port.js';

/** May a request without a dialog come in all the same? `flow`: of what came by the network; absent within a process. */
export type DrainAdmission = (request: SipMessage, flow?: Flow) => boolean;

const NOBODY: DrainAdmission = () => false;

export class DrainGate {
  #letsIn: DrainAdmission | undefined;

  close(letsIn = NOBODY): void {
    this.#letsIn = letsIn;
  }

  open(): void {
    this.#letsIn = undefined;
  }

  refuses(request: SipMessage, flow: Flow | undefined): boolean {
    if (this.#letsIn === undefined) return false;
    return headerParam(request.header(H.To) ?? '', 'tag') === undefined && !this.#letsIn(request, flow);
  }
}
