// Original dialog identifiers: what brings a request back from an application server (TS 24.229 §5.4.3.2 step 5). The first ones of
// a request follow from the request itself, so that a router which is given it anew, as the one before has ended, finds what that
// one had begun. Made by sprout-node.ts, used by departure.ts.
import { hash } from 'node:crypto';
import type { Random } from '#libs/runtime';
import type { Chain } from './chain.js';

/** 32 hexadecimal digits are 128 bits. */
const NAMED_LENGTH = 32;
/** Each character has five bits of chance or more. */
const DRAWN_LENGTH = 26;

/** What tells a session's way to one server from every other. */
export type LeavingSession = Readonly<{
  icid: string;
  callId: string;
  dialog: string;
  requestUri: string;
  depth: number;
  viaServer: boolean;
  tx: Readonly<{ request: Readonly<{ cseq: number }> }>;
}>;

export class OdiTokens {
  readonly #key: string;

  /** `key`: at least 32 bytes, the same for all routers of a deployment; `isAlone`: there is one, and nobody finds what it began. */
  constructor(
    key: Buffer,
    private readonly random: Random,
    private readonly isAlone = false,
  ) {
    this.#key = hash('sha256', Buffer.concat([key, Buffer.from('original dialog identifiers')]), 'hex');
  }

  /**
   * The token by which the session leaves for its next server. The same for every router that gets this request, unless it came
   * from a server already: there a server that forks makes several of one. Who does not know the key cannot guess it; the digest
   * is cut, so that nobody can go on with it (length extension).
   */
  next(session: LeavingSession, { role, served }: Chain): string {
    if (this.isAlone || session.viaServer) return this.draw();
    const { icid, callId, dialog, requestUri, depth, tx } = session;
    const name = [this.#key, icid, callId, dialog, tx.request.cseq, role, served.impu, requestUri, depth];
    return hash('sha256', name.join('\n'), 'hex').slice(0, NAMED_LENGTH);
  }

  draw(): string {
    return this.random.token(DRAWN_LENGTH);
  }
}
