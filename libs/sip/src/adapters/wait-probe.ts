// How long a datagram waits until it is read. Under load it waits in the kernel's receive buffer, which cannot be looked into and
// which no delay of the event loop shows: so the socket sends itself a datagram from time to time, and sees when it comes.
// Owner: udp.ts; read by overload-control.ts through NodeTransports.waitMs.
import type { Clock } from '#libs/runtime';

/** First byte of a probe: below what SIP, STUN and keep-alives begin with, so that it costs others one comparison. ASCII ENQ. */
export const PROBE_MARK = 5;
/** So many under way are remembered; at the bound the oldest counts as lost. */
export const PROBES_MAX = 16;
/** Where none comes back for so long something keeps them from us, a filter of packets perhaps: then nothing is known. */
export const SILENCE_MS_MAX = 10_000;
/** Only who is told can write a probe, and nobody is. */
export const PROBE_KEY_BYTES = 16;
const KEY_AT = 5;
const PROBE_BYTES = KEY_AT + PROBE_KEY_BYTES;

export class WaitProbe {
  readonly #sentAtMs = new Float64Array(PROBES_MAX);
  #sent = 0;
  /** Number of the newest that came back, how long it took, and when that was. */
  #heard = 0;
  #waitMs = 0;
  #heardAtMs = -Infinity;

  constructor(
    private readonly clock: Pick<Clock, 'monotonicMs'>,
    private readonly key: Buffer,
    /** Sends a datagram to where our own input comes in. */
    private readonly post: (bytes: Buffer) => void,
  ) {}

  /** The wait that was measured last, or for how long the next has been under way if that is more; and sends one more. */
  look(): number {
    const nowMs = this.clock.monotonicMs();
    const waitMs = this.#known(nowMs);
    this.#sent += 1;
    this.#sentAtMs[this.#sent % PROBES_MAX] = nowMs;
    const bytes = Buffer.allocUnsafe(PROBE_BYTES);
    bytes[0] = PROBE_MARK;
    bytes.writeUInt32BE(this.#sent >>> 0, 1);
    this.key.copy(bytes, KEY_AT);
    this.post(bytes);
    return waitMs;
  }

  /** What is under way goes elsewhere: until the next comes back nothing is known. */
  forget(): void {
    this.#heard = this.#sent;
    this.#heardAtMs = -Infinity;
    this.#waitMs = 0;
  }

  /** Is the datagram one of ours? Then it is not for anybody else. */
  took(datagram: Buffer): boolean {
    if (datagram.length !== PROBE_BYTES || this.key.compare(datagram, KEY_AT) !== 0) return false;
    const age = (this.#sent - datagram.readUInt32BE(1)) >>> 0;
    const number = this.#sent - age;
    if (age >= PROBES_MAX || number <= this.#heard) return true; // counted as lost, or doubled on its way
    this.#heard = number;
    this.#heardAtMs = this.clock.monotonicMs();
    this.#waitMs = this.#heardAtMs - this.#sentAtMs[number % PROBES_MAX]!;
    return true;
  }

  #known(nowMs: number): number {
    if (nowMs - this.#heardAtMs > SILENCE_MS_MAX) return 0;
    const next = Math.max(this.#heard, this.#sent - PROBES_MAX) + 1;
    const underWayMs = next > this.#sent ? 0 : nowMs - this.#sentAtMs[next % PROBES_MAX]!;
    return Math.max(this.#waitMs, underWayMs);
  }
}

/** The number of the process whose probe this is, where several share a port and the first bytes of the key; undefined: it is none. */
export const proberOf = (datagram: Buffer, sharedKey: Buffer): number | undefined =>
  datagram.length === PROBE_BYTES && sharedKey.compare(datagram, KEY_AT, PROBE_BYTES - 1) === 0
    ? datagram[PROBE_BYTES - 1]
    : undefined;
