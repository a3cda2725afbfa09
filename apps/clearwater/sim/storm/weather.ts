// What the network does to messages of a storm: datagrams are lost, repeated, late and overtaken; a phone that is cut off
// hears nothing, and what its connection carries waits until it is back. Inside the core are streams that keep their order.
import type { Transform } from '#libs/sip';
import type { FakeClock, SeededRandom } from '#libs/testkit';
import type { FaultCounts } from './fault-counts.js';

const LOSS = 0.03;
const REPETITION = 0.02;
const DELAY_MS_MAX = 40;

export class Weather {
  /** Address → until when it is cut off. */
  readonly #cutOff = new Map<string, number>();
  /** Way of datagrams → when the latest arrives. */
  readonly #latest = new Map<string, number>();

  constructor(private readonly counts: FaultCounts) {}

  cutOff(address: string, untilMs: number): void {
    this.counts.partition++;
    this.#cutOff.set(address, untilMs);
  }

  clear(): void {
    this.#cutOff.clear();
  }

  transform({ clock, random }: { clock: FakeClock; random: SeededRandom }): Transform {
    const { counts } = this;
    return (message, from) => {
      const nowMs = clock.nowMs();
      const { localAddress, remoteAddress } = from;
      const untilMs = Math.max(this.#cutOff.get(localAddress) ?? 0, this.#cutOff.get(remoteAddress) ?? 0);
      if (from.reliable) return [{ message, delayMs: Math.max(0, untilMs - nowMs) }];
      if (untilMs > nowMs) return [];
      const way = `${localAddress} ${remoteAddress}`;
      const arrival = () => {
        const delayMs = random.integer(DELAY_MS_MAX);
        const latest = this.#latest.get(way) ?? 0;
        if (delayMs > 0) counts.delay++;
        if (nowMs + delayMs < latest) counts.reordering++;
        this.#latest.set(way, Math.max(latest, nowMs + delayMs));
        return { message, delayMs };
      };
      if (random.chance(LOSS)) {
        counts.loss++;
        return [];
      }
      if (!random.chance(REPETITION)) return [arrival()];
      counts.duplication++;
      return [arrival(), arrival()];
    };
  }
}
