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
import { TimerNode, type TimerOwner, type TimerWheel } from '#libs/sip';

/** Who was asked, for events. */
export type AskedServer = Readonly<{ role: Role; served: string; priority: number; server: string }>;

export type InvocationOptions = Readonly<{
  token: string;
  asked: AskedServer;
  handling: ApplicationServer['defaultHandling'];
  timers: Pick<TimerWheel, 'start' | 'stop'>;
  /** How long a server may be silent; 0: as long as the SIP layer waits. */
  livenessMs: number;
  /** Told that it was silent for too long. */
  watcher: Readonly<{ overdue(invocation: Invocation): void }>;
}>;

export class Invocation implements TimerOwner {
  /** The request came back from it. */
  returned = false;
  /** Its failure has been told. */
  failed = false;
  private watch: ServerWatch;
  private readonly liveness = new TimerNode(this, 0);

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
    this.options.timers.stop(this.liveness);
  }

  timer(): void {
    this.options.watcher.overdue(this);
  }

  private startTimer(): void {
    const { timers, livenessMs } = this.options;
    if (livenessMs > 0) timers.start(this.liveness, livenessMs);
  }
}
