// What the demonstration tells the person at the terminal: a line a round, and a sum at the end. Used by main.ts.
import type { Edge, Round } from './round.js';

const placeOf = ({ address, port }: Edge): string =>
  `${address.includes(':') ? `[${address}]` : address}:${port}`;

/** One line, without its end. */
export const lineOf = (time: string, n: number, round: Round): string => {
  const { caller, callee, edges, registeredMs, answeredMs, endedMs, fault } = round;
  const who = `${caller} (${placeOf(edges[0])}) calls ${callee} (${placeOf(edges[1])})`;
  const went =
    fault === undefined
      ? `ok  registered ${registeredMs} ms, answered ${answeredMs} ms, ended ${endedMs} ms`
      : `FAILED  ${fault}`;
  return `${time}  ${String(n + 1).padStart(4)}  ${who}: ${went}`;
};

/** Different faults that are told apart; what comes beyond counts as the last one. */
const FAULTS_MAX = 50;

export class Totals {
  carried = 0;
  failed = 0;
  readonly #faults = new Map<string, number>();

  note({ fault }: Round): void {
    if (fault === undefined) return void this.carried++;
    this.failed++;
    const known = this.#faults.has(fault) || this.#faults.size < FAULTS_MAX;
    const kind = known ? fault : 'others';
    this.#faults.set(kind, (this.#faults.get(kind) ?? 0) + 1);
  }

  text(): string {
    const faults = [...this.#faults].map(([fault, count]) => `  ${count} × ${fault}`);
    return [
      `${this.carried + this.failed} rounds: ${this.carried} carried, ${this.failed} failed`,
      ...faults,
    ].join('\n');
  }
}
