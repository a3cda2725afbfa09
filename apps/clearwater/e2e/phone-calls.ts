// What the end-to-end tests of this folder ask of two phones: how it went, and a call from its INVITE to its BYE.
import type { Phone } from '#libs/phone';
import type { SipMessage } from '#libs/sip';

export type Status = number | 'timeout';

export const statusOf = (answer: SipMessage | 'timeout'): Status =>
  answer === 'timeout' ? answer : answer.status;

/** Calls, acknowledges and hangs up: the BYE's answer, or the INVITE's where it was not answered 200. */
export const carryCall = async (caller: Phone, callee: Phone): Promise<Status> => {
  const { request, answer } = await caller.call(callee.aor);
  if (answer === 'timeout' || answer.status !== 200) return statusOf(answer);
  return statusOf(await caller.inDialog('BYE', { request, answer }, 2)!.final);
};
