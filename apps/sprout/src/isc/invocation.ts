// One application server that was asked and has not given its final answer: is it alive? (TS 24.229 §5.4.3.2, spec'd as the
// liveness timer of default handling.) Made by departure.ts; told by session-proxy.ts what the server says, by resume.ts that
// the request came back.
import {
  type ApplicationServer,
  heardOfServer,
  type Role,
  type ServerSign,
  type ServerVerdict,
  type ServerWatch,
  watchServer,
} from '#libs/domain';
import type { Clock } from '#libs/runtime';

/** Who was asked, for events. */
export type AskedServer = Readonly<{ role: Role; served: string; priority: number; server: string }>;

export type InvocationOptions = Readonly<{
  token: string;
  asked: AskedServer;
  handling: ApplicationServer['defaultHandling'];
  clock: Pick<Clock, 'after'>;
  /** How long a server may be silent; 0: as long as the SIP layer waits. */
  livenessMs: number;
  /** It was silent for too long. */
  onOverdue: (invocation: Invocation) => void;
}>;

export class Invocation {
  /** The request came back from it. */
  returned = false;
  /** Its failure has been told. */
  failed = false;
  private watch: ServerWatch;
  private stopTimer: (() => void) | undefined;

  constructor(private readonly options: InvocationOptions) {
    this.watch = watchServer(options.handling);
    this.startTimer();
  }

  get token(): string {
    return this.options.token;
  }

  get asked(): AskedServer {
    return this.options.asked;
  }

  get handling(): ApplicationServer['defaultHandling'] {
    return this.options.handling;
  }

  get isResponsive(): boolean {
    return this.watch.phase === 'responsive' || this.watch.phase === 'returned';
  }

  /** Something was heard of the server; the timer does what it should, the rest is the caller's. */
  hears(sign: ServerSign): ServerVerdict {
    const { watch, verdict } = heardOfServer(this.watch, sign);
    this.watch = watch;
    if (sign.kind === 'returned') this.returned = true;
    if (verdict === 'wait-anew') this.startTimer();
    else if (verdict !== 'wait') this.stop();
    return verdict;
  }

  /** Nobody waits for it any more. */
  stop(): void {
    this.stopTimer?.();
    this.stopTimer = undefined;
  }

  private startTimer(): void {
    const { clock, livenessMs, onOverdue } = this.options;
    this.stop();
    if (livenessMs > 0) this.stopTimer = clock.after(livenessMs, () => onOverdue(this));
  }
}
