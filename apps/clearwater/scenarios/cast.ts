// A phone in a scenario: its last call, its dialog, and how it answers what comes.
import { callersDialog, type Dialog, type Exchange, type Phone, type Reply } from '#libs/phone';
import { H, type SipMessage, tagOf } from '#libs/sip';

/** A request that waits for this phone's word. */
type Waiting = Readonly<{ request: SipMessage; reply: Reply }>;

export class Cast {
  /** What it answers to an INVITE, in this order; ends without a final answer when none is among them. */
  answers: readonly number[] = [180, 200];
  /** To every other request; 0: nothing at all. */
  otherwise = 200;
  dialog: Dialog | undefined;
  exchange: Exchange | undefined;
  #waiting: Waiting | undefined;

  constructor(readonly phone: Phone) {
    phone.onRequest = (request, reply) => this.#asked(request, reply);
  }

  #asked(request: SipMessage, reply: Reply): void {
    const { method } = request;
    if (method === 'ACK') return;
    if (method !== 'INVITE')
      return this.otherwise === 0 ? this.#wait({ request, reply }) : reply(this.otherwise);
    this.#wait({ request, reply });
    for (const status of this.answers) this.replies(status);
  }

  #wait(waiting: Waiting): void {
    this.#waiting = waiting;
  }

  /** Answers what waits. */
  replies(status: number, headers = ''): void {
    const waiting = this.#waiting;
    if (waiting === undefined) throw new Error(`${this.phone.aor} has nothing to answer`);
    const { request, reply } = waiting;
    reply(status, headers);
    if (status < 200) return;
    this.#waiting = undefined;
    const isNew = tagOf(request.header(H.To)!) === '';
    if (status < 300 && request.method === 'INVITE' && isNew) this.dialog = this.phone.dialogOf(request);
  }

  /** The dialog that an accepted SUBSCRIBE makes. */
  async #watches({ request, final }: Exchange): Promise<void> {
    const answer = await final;
    if (answer !== 'timeout' && answer.status < 300 && tagOf(request.to) === '')
      this.dialog = callersDialog(request, answer);
  }

  /** Sends a request; an INVITE's 2xx is acknowledged, and makes the dialog. */
  sends(exchange: Exchange): void {
    this.exchange = exchange;
    if (exchange.request.method === 'SUBSCRIBE') void this.#watches(exchange);
    if (exchange.request.method !== 'INVITE') return;
    void exchange.final.then((answer) => {
      if (answer === 'timeout' || answer.status >= 300) return;
      const { request } = exchange;
      if (this.dialog?.callId !== request.callId) this.dialog = callersDialog(request, answer);
      this.phone.within(this.dialog, 'ACK');
    });
  }
}
