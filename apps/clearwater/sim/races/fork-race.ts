// Two phones of one address of record ring together, one answers, the other is cancelled (RFC 3261 §16.7 item 10),
// over a network that delays each message by chance.
import type { Phone } from '#libs/phone';
import { H, type SipMessage } from '#libs/sip';
import type { World } from '../world.js';
import type { RaceBatch } from './race.js';

const RING_MS_MAX = 60;

/** What one phone of the pair was asked. */
type Heard = { invited: number; acknowledged: number; cancelled: boolean; byes: number };

const listen = (phone: Phone, answers: (reply: (status: number) => void) => void): Heard => {
  const heard: Heard = { invited: 0, acknowledged: 0, cancelled: false, byes: 0 };
  phone.onCancelled = () => void (heard.cancelled = true);
  phone.onRequest = ({ method }, reply) => {
    if (method === 'ACK') heard.acknowledged++;
    if (method === 'BYE') {
      heard.byes++;
      reply(200);
    }
    if (method !== 'INVITE') return;
    heard.invited++;
    reply(180);
    answers(reply);
  };
  return heard;
};

const faultOf = (
  answer: SipMessage | 'timeout',
  winner: Heard,
  loser: Heard,
  contact: string,
): string | undefined => {
  if (answer === 'timeout' || answer.status !== 200) return 'the caller is not connected';
  if (winner.invited !== 1 || loser.invited !== 1) return `rang ${winner.invited} and ${loser.invited} times`;
  if (!(answer.header(H.Contact) ?? '').includes(contact)) return 'connected to another than who answered';
  if (!loser.cancelled) return 'the other one was not cancelled';
  if (winner.cancelled) return 'the one that answered was cancelled';
  if (loser.acknowledged !== 1) return `its 487 was acknowledged ${loser.acknowledged} times`;
  return winner.acknowledged === 1 ? undefined : `its 200 was acknowledged ${winner.acknowledged} times`;
};

export type Pair = readonly [Phone, Phone];

/** One call to each pair; who answers, and after how long, is left to chance. */
export const raceFork = async (
  world: World,
  caller: Phone,
  pairs: readonly Pair[],
  { random, tally, label }: RaceBatch,
): Promise<void> => {
  const { clock } = world;
  const rounds = pairs.map(async (pair) => {
    const [winner, loser] = random.shuffle([...pair]) as [Phone, Phone];
    const ringMs = random.integer(RING_MS_MAX);
    const won = listen(winner, (reply) => void clock.after(ringMs, () => reply(200)));
    const lost = listen(loser, () => undefined);
    const { request, answer } = await caller.call(winner.aor);
    return { winner, won, lost, request, answer };
  });
  const calls = await world.until(Promise.all(rounds));
  await world.advance(200);
  const byes = calls.flatMap(({ request, answer }) =>
    answer === 'timeout' || answer.status !== 200
      ? []
      : [caller.inDialog('BYE', { request, answer }, 2)!.final],
  );
  await world.until(Promise.all(byes));
  for (const { winner, won, lost, answer } of calls) {
    const fault = faultOf(answer, won, lost, `${winner.options.address}:${winner.port}`);
    tally.count(fault === undefined ? undefined : `${label} ${winner.aor}: ${fault}`, lost.cancelled);
  }
};
