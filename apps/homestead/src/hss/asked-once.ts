// Questions that are asked once for all who ask while the answer is on its way. For what has no effect or one effect for all: LIR, and
// SAR for an unregistered user; never MAR, UAR or another SAR. Used by cx-client.ts and hss-homestead.ts.

/** Questions under way. At the bound a new one is asked for its asker alone. */
export const ASKED_MAX = 100_000;

export class AskedOnce<T> {
  private readonly asked = new Map<string, Promise<T>>();

  constructor(private readonly askedMax = ASKED_MAX) {}

  ask(question: string, ask: () => Promise<T>): Promise<T> {
    const known = this.asked.get(question);
    if (known) return known;
    if (this.asked.size >= this.askedMax) return ask();
    const answer = ask().finally(() => this.asked.delete(question));
    this.asked.set(question, answer);
    return answer;
  }
}
