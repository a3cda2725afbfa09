// One peer: runs the tables of transitions.ts and watchdog.ts on its two possible connections. Takes what the connections bring
// and the clock; gives messages of applications, and tells when the peer is up, suspect or down. RFC 6733 §5.3–5.6, RFC 3539 §3.4.
import type { Clock, Random } from '#libs/runtime';
import type { Fault } from '../codec/avp.js';
import { FLAG, isRequest, readHeader } from '../codec/header.js';
import { HEADER_BYTES } from '../codec/limits.js';
import { RESULT } from '../codec/result-codes.js';
import { commandByShort } from '../dictionary/dictionary.js';
import { faultAnswer } from '../message/answer.js';
import { Avps } from '../message/avps.js';
import { checkRequest } from '../message/check-message.js';
import { type Message, parseMessage } from '../message/message.js';
import { judgeCea, type LocalNode, type RemoteCapabilities } from './capabilities.js';
import type { Ids } from './ids.js';
import { Link, type LinkOwner } from './link.js';
import { CAPABILITIES, capabilitiesAnswer, capabilitiesRequest, CAUSE, DISCONNECT, disconnectAnswer, disconnectRequest, WATCHDOG, watchdogAnswer, watchdogRequest } from './peer-messages.js'; // prettier-ignore
import type { Connection, ConnectionEvents, PeerAddress } from './transport.port.js';
import { type Action, type PeerEvent, type State, transitionOf, winsElection } from './transitions.js';
import { createWatchdog, type WatchdogAction, type WatchdogEvent } from './watchdog.js';

export type PeerTiming = Readonly<{
  /** Twinit of RFC 3539; the watchdog and the attempts to open go by it. At least 6 s there. */
  watchdogMs: number;
  /** For a connection, a CEA, or the end of an election. */
  openMs: number;
  /** For a DPA, and for the peer to close after ours. */
  closeMs: number;
  /** After a peer said that it does not want to talk, or is too busy to. */
  holdOffMs: number;
}>;

export const USUAL_TIMING: PeerTiming = {
  watchdogMs: 6_000,
  openMs: 5_000,
  closeMs: 2_000,
  holdOffMs: 60_000,
};

/** RFC 3539 §3.4.1 [1]: drawn between −2 and 2 s. */
const JITTER_MS = 2_000;

export type PeerPorts = Readonly<{
  clock: Clock;
  random: Random;
  ids: Ids;
  connect(address: PeerAddress, events: ConnectionEvents): Connection;
}>;

/** Who hears of it. */
export type PeerSink = Readonly<{
  /** Open, and in service: at once the first time, on probation after that (`isTrusted`). */
  up(peer: Peer): void;
  /** Requests that wait should go elsewhere: it does not answer, or it is closed. */
  failover(peer: Peer, reason: string): void;
  closed(peer: Peer, reason: string): void;
  request(peer: Peer, link: Link, message: Message, fault: Fault | undefined): void;
  answer(peer: Peer, message: Message): void;
  /** For a log. */
  told(peer: Peer, what: string): void;
}>;

type Incoming = Readonly<{ link: Link; cer: Message; remote: RemoteCapabilities }>;

export class Peer {
  state: State = 'Closed';
  remote: RemoteCapabilities | undefined;
  /** Requests that were sent to it and not answered; the node counts. */
  waiting = 0;
  private readonly watchdog = createWatchdog();
  private readonly owner: LinkOwner;
  private initiator: Link | undefined;
  private responder: Link | undefined;
  private incoming: Incoming | undefined;
  private next: PeerEvent | undefined;
  private reason = '';
  private dwr = 0;
  private jitterMs = 0;
  private watchdogAtMs = 0;
  private cancelWatchdog: (() => void) | undefined;
  private cancelWait: (() => void) | undefined;
  private isWanted = false;
  private notBeforeMs = 0;
  private stopCause: number = CAUSE.REBOOTING;

  readonly host: string;

  constructor(
    private readonly known: Readonly<{ host: string; isAnyone?: boolean }>,
    readonly address: PeerAddress | undefined,
    private readonly local: LocalNode,
    private readonly timing: PeerTiming,
    private readonly ports: PeerPorts,
    private readonly sink: PeerSink,
  ) {
    this.host = known.host;
    this.owner = {
      opened: (link) => {
        if (link === this.initiator) this.fire('I-Rcv-Conn-Ack');
      },
      message: (link, bytes) => this.received(link, bytes),
      unreadable: (link, fault, head) => this.unreadable(link, fault, head),
      closed: (link, reason) => this.disconnected(link, reason),
    };
  }

  get isOpen(): boolean {
    return this.state === 'I-Open' || this.state === 'R-Open';
  }

  /** RFC 3539: requests go to it first. */
  get isTrusted(): boolean {
    return this.isOpen && this.watchdog.status === 'OKAY';
  }

  /** Open again, on probation: it gets requests only where no trusted peer is there. */
  get isOnProbation(): boolean {
    return this.isOpen && this.watchdog.status === 'REOPEN';
  }

  get queuedBytes(): number {
    return this.link?.connection?.queuedBytes ?? 0;
  }

  get status(): string {
    return this.watchdog.status;
  }

  private get link(): Link | undefined {
    return this.state === 'R-Open' ? this.responder : this.state === 'I-Open' ? this.initiator : (this.initiator ?? this.responder);
  } // prettier-ignore

  /** Connects now, and again whenever it is closed. */
  start(): void {
    this.isWanted = true;
    this.setWatchdog();
    this.fire('Start');
  }

  /** Says good-bye; `closed` is told when it is over. */
  stop(cause: number = CAUSE.REBOOTING): void {
    this.isWanted = false;
    this.stopCause = cause;
    this.reason = 'stopped';
    this.fire('Stop');
    if (this.state === 'Closed') this.rest();
  }

  /** An incoming connection that has sent a CER in our name: R-Conn-CER. */
  accept(link: Link, cer: Message, remote: RemoteCapabilities): void {
    const before = this.remote?.originStateId;
    const restarted = before !== undefined && remote.originStateId !== undefined && remote.originStateId > before;
    // A peer that has started anew has no use for the old connection, and its end may never be told.
    if (this.isOpen && restarted) this.dropLink('the peer has started anew');
    this.incoming = { link, cer, remote };
    this.fire('R-Conn-CER');
    this.incoming = undefined;
  } // prettier-ignore

  /** False: it is not open. */
  send(bytes: Buffer): boolean {
    if (!this.isOpen) return false;
    this.link?.send(bytes);
    return true;
  }

  private fire(event: PeerEvent, message?: Message): void {
    const transition = transitionOf(this.state, event);
    if (!transition) return;
    const before = this.state;
    this.state = transition.next;
    for (const action of transition.actions) this.act(action, message);
    if (this.state !== before) this.entered(before);
    const next = this.next;
    this.next = undefined;
    if (next) this.fire(next);
  }

  private entered(before: State): void {
    this.cancelWait?.();
    this.cancelWait = undefined;
    const wasOpen = before === 'I-Open' || before === 'R-Open' || before === 'Closing';
    if (this.isOpen) {
      this.sink.told(this, `open (${this.state})`);
      this.watch('Connection up');
      this.sink.up(this);
    } else if (this.state === 'Closed') {
      if (wasOpen) this.watch('Connection down');
      const { reason } = this;
      this.reason = '';
      this.sink.told(this, `closed: ${reason}`);
      if (!this.isWanted) this.rest();
      this.sink.closed(this, reason);
    } else {
      const waitMs = this.state === 'Closing' ? this.timing.closeMs : this.timing.openMs;
      this.cancelWait = this.ports.clock.after(waitMs, () => {
        if (this.reason === '') this.reason = `no answer in ${this.state}`;
        this.fire('Timeout');
      });
    }
  }

  private act(action: Action, message: Message | undefined): void {
    const { local, ports } = this;
    switch (action) {
      case 'I-Snd-Conn-Req':
        return this.connect();
      case 'I-Snd-CER':
        return this.initiator?.send(capabilitiesRequest(local, ports.ids).bytes);
      case 'R-Accept':
        this.responder = this.incoming?.link;
        if (this.responder) this.responder.owner = this.owner;
        return;
      case 'R-Reject':
        this.incoming?.link.close();
        // Perhaps the connection that we believe in is dead: ask it now.
        if (this.watchdog.status === 'OKAY' && !this.watchdog.isPending) this.watch('Timer expires');
        return;
      case 'Process-CER':
        this.remote = this.incoming?.remote;
        this.cer = this.incoming?.cer;
        return;
      case 'R-Snd-CEA':
        if (this.cer) this.responder?.send(capabilitiesAnswer(this.cer, local));
        return;
      case 'Elect':
        if (winsElection(local.host, this.host)) this.next = 'Win-Election';
        return;
      case 'I-Disc':
        this.initiator?.close();
        this.initiator = undefined;
        return;
      case 'R-Disc':
        this.responder?.close();
        this.responder = undefined;
        return;
      case 'Cleanup':
      case 'Error':
        this.act('I-Disc', message);
        return this.act('R-Disc', message);
      case 'I-Snd-DPR':
      case 'R-Snd-DPR':
        return this.link?.send(disconnectRequest(local, ports.ids, this.stopCause).bytes);
      case 'I-Snd-DPA':
      case 'R-Snd-DPA':
        return message && this.link?.send(disconnectAnswer(message, local));
      case 'I-Snd-DWA':
      case 'R-Snd-DWA':
        return message && this.link?.send(watchdogAnswer(message, local));
      // Done where the message is read, or by send().
      case 'Process-CEA':
      case 'Process-DWR':
      case 'Process-DWA':
      case 'Process':
      case 'I-Snd-Message':
      case 'R-Snd-Message':
        return;
    }
  }
  private cer: Message | undefined;

  private connect(): void {
    if (!this.address) return;
    const link = new Link(this.owner);
    this.initiator = link;
    link.connection = this.ports.connect(this.address, link.events);
  }

  private received(link: Link, bytes: Buffer): void {
    const role = link === this.initiator ? 'I' : 'R';
    const parsed = parseMessage(bytes);
    const { message } = parsed;
    if (!message) return;
    const fault = parsed.ok ? undefined : parsed.fault;
    if (this.state === 'Wait-I-CEA' || this.state === 'Wait-Returns')
      return role === 'I' ? this.receivedCea(message, fault) : undefined;
    const isDwa = message.command === WATCHDOG && message.hopByHop === this.dwr && !isRequest(message);
    this.watch(isDwa ? 'Receive DWA' : 'Receive non-DWA');
    if (!isRequest(message)) {
      if (message.command === DISCONNECT) return this.fire(`${role}-Rcv-DPA`);
      if (message.command === WATCHDOG || message.command === CAPABILITIES || fault) return;
      if (transitionOf(this.state, `${role}-Rcv-Message`)) this.sink.answer(this, message);
      return;
    }
    if (message.applicationId === 0) return this.receivedOfPeers(role, link, message, fault);
    if (transitionOf(this.state, `${role}-Rcv-Message`)) this.sink.request(this, link, message, fault);
  }

  /** CER, DWR, DPR; another command of the base protocol is not ours. */
  private receivedOfPeers(role: 'I' | 'R', link: Link, message: Message, fault: Fault | undefined): void {
    const short = message.command === WATCHDOG ? 'DWR' : message.command === DISCONNECT ? 'DPR' : undefined;
    const again = message.command === CAPABILITIES;
    const unknown: Fault = again
      ? { resultCode: RESULT.DIAMETER_UNABLE_TO_COMPLY, reason: 'capabilities were exchanged' }
      : { resultCode: RESULT.DIAMETER_COMMAND_UNSUPPORTED, reason: `command ${message.command}` };
    const wrong = fault ?? (short ? checkRequest(message, commandByShort(short)) : unknown);
    if (wrong) return link.send(faultAnswer(message, wrong, this.local));
    if (short === 'DWR') return this.fire(`${role}-Rcv-DWR`, message);
    const cause = message.avps.get('Disconnect-Cause');
    this.reason = `the peer left (Disconnect-Cause ${cause})`;
    if (cause !== CAUSE.REBOOTING) this.notBeforeMs = this.ports.clock.monotonicMs() + this.timing.holdOffMs;
    this.fire(`${role}-Rcv-DPR`, message);
  }

  private receivedCea(message: Message, fault: Fault | undefined): void {
    const isCea = message.command === CAPABILITIES && !isRequest(message) && !fault;
    const judged = isCea ? judgeCea(message, this.local, this.known) : { refusal: 'sent no CEA' };
    if ('refusal' in judged) {
      this.reason = judged.refusal;
      return this.fire('I-Rcv-Non-CEA');
    }
    this.remote = judged;
    this.fire('I-Rcv-CEA');
  }

  private unreadable(link: Link, fault: Fault, head: Buffer): void {
    if (head.length === HEADER_BYTES && head.readUInt8(4) & FLAG.request)
      link.send(faultAnswer({ ...readHeader(head), avps: new Avps([]) }, fault, this.local));
    link.close();
    this.disconnected(link, fault.reason);
  }

  private disconnected(link: Link, reason: string): void {
    if (this.reason === '') this.reason = reason;
    const opening = this.state === 'Wait-Conn-Ack' || this.state === 'Wait-Conn-Ack/Elect';
    if (link === this.initiator) this.fire(opening ? 'I-Rcv-Conn-Nack' : 'I-Peer-Disc');
    else if (link === this.responder) this.fire('R-Peer-Disc');
  }

  private dropLink(reason: string): void {
    const { link } = this;
    link?.close();
    if (link) this.disconnected(link, reason);
  }

  private watch(event: WatchdogEvent): void {
    for (const action of this.watchdog.step(event)) this.actWatchdog(action);
  }

  private actWatchdog(action: WatchdogAction): void {
    switch (action) {
      case 'SetWatchdog':
        return this.setWatchdog();
      case 'SendWatchdog': {
        const { hopByHop, bytes } = watchdogRequest(this.local, this.ports.ids);
        this.dwr = hopByHop;
        return this.link?.send(bytes);
      }
      case 'Failover':
        this.sink.told(this, 'failover');
        return this.sink.failover(this, this.reason === '' ? 'a watchdog was not answered' : this.reason);
      case 'Failback':
        this.sink.told(this, 'failback');
        return this.sink.up(this);
      case 'CloseConnection':
        if (this.isOpen) this.dropLink('watchdogs were not answered');
        return;
      case 'AttemptOpen':
        if (this.isWanted && this.ports.clock.monotonicMs() >= this.notBeforeMs) this.fire('Start');
        return;
      case 'Throwaway':
        return;
    }
  }

  /** With each message: a number only. The timer goes off at its old time and is set again for what is left. */
  private setWatchdog(): void {
    const { clock } = this.ports;
    this.watchdogAtMs = clock.monotonicMs() + this.timing.watchdogMs + this.jitterMs;
    this.cancelWatchdog ??= clock.after(this.watchdogAtMs - clock.monotonicMs(), () => this.elapsed());
  }

  private elapsed(): void {
    const { clock, random } = this.ports;
    this.cancelWatchdog = undefined;
    const leftMs = this.watchdogAtMs - clock.monotonicMs();
    if (leftMs >= 1) {
      this.cancelWatchdog = clock.after(leftMs, () => this.elapsed());
      return;
    }
    // Drawn anew for each interval, not for each message.
    this.jitterMs = Math.min(JITTER_MS, this.timing.watchdogMs / 3) * (2 * random.fraction() - 1);
    this.watch('Timer expires');
    if (!this.isWanted && this.state === 'Closed') this.rest();
  }

  /** Nobody wants it any more: no timer is left. */
  private rest(): void {
    this.cancelWatchdog?.();
    this.cancelWatchdog = undefined;
  }
}
