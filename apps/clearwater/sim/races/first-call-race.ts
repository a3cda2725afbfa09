// A call within a millisecond of the 200 OK to a REGISTER finds the binding: what was acknowledged can be read
// (docs/architecture.md §2: applied before it is answered).
import { H, type SipMessage } from '#libs/sip';
import type { Phone } from '#libs/phone';
import type { World } from '../world.js';
import { type RaceBatch, runOut } from './race.js';

/** A contact of its own for each registration: an older one must not be rung. */
const markedContact = ({ options, port }: Phone, mark: string): string =>
  `<sip:${mark}@${options.address}:${port};transport=${options.transport}>`;

const wantsCall = (uri: string, mark: string): boolean => uri.startsWith(`sip:${mark}@`);

/** One round for each phone: it registers anew, and is called as soon as it has its 200 OK. */
export const raceFirstCall = async (
  world: World,
  caller: Phone,
  phones: readonly Phone[],
  { random, tally, label }: RaceBatch,
): Promise<void> => {
  const { turns, clock } = world;
  turns.hold();
  const rounds = phones.map((phone) => {
    const mark = `m${random.token(8)}`;
    const rung: string[] = [];
    phone.onRequest = (request, reply) => {
      if (request.method !== 'INVITE') return;
      rung.push(request.requestUri);
      reply(486);
    };
    const delayMs = random.fraction();
    const round = async (): Promise<void> => {
      const registered = await phone.register({
        contact: `${markedContact(phone, mark)};+sip.instance="<urn:x:1>"`,
      });
      if (delayMs > 0.5) await new Promise<void>((resolve) => clock.after(delayMs, resolve));
      const { answer } = await caller.call(phone.aor);
      const fault = faultOf(registered, answer, rung, mark);
      tally.count(fault === undefined ? undefined : `${label} ${phone.aor}: ${fault}`, rung.length > 0);
    };
    return round();
  });
  await runOut(world, random);
  turns.release();
  await world.until(Promise.all(rounds));
};

const faultOf = (
  registered: SipMessage | 'timeout',
  answer: SipMessage | 'timeout',
  rung: readonly string[],
  mark: string,
): string | undefined => {
  if (registered === 'timeout' || registered.status !== 200) return 'was not registered';
  if (answer === 'timeout') return 'the call got no answer';
  if (rung.length === 0)
    return `was not rung, the caller got ${answer.status} ${answer.header(H.Reason) ?? ''}`;
  if (rung.length > 1 || !wantsCall(rung[0]!, mark))
    return `was rung at ${rung.join(' and ')}, not at ${mark}`;
  return answer.status === 486 ? undefined : `the caller got ${answer.status}`;
};
