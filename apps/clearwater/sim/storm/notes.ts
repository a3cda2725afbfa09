// What is noted while a storm goes on: answers by kind, what did not hold, and what is still under way.
import type { SipMessage } from '#libs/sip';

export const statusOf = (answer: SipMessage | 'timeout'): number =>
  answer === 'timeout' ? 0 : answer.status;

export class Notes {
  /** Final answers by method and status. */
  readonly answers: Record<string, number> = {};
  /** What did not hold, as sentences. */
  readonly broken: string[] = [];
  readonly underWay = new Set<Promise<unknown>>();

  track(work: Promise<unknown>): void {
    this.underWay.add(work);
    void work.finally(() => this.underWay.delete(work));
  }

  count(method: string, answer: SipMessage | 'timeout'): void {
    const kind = `${method} ${statusOf(answer) || 'none'}`;
    this.answers[kind] = (this.answers[kind] ?? 0) + 1;
    if (statusOf(answer) === 503)
      this.broken.push(`${method} was answered 503: that sends a client away from the node`);
  }
}
