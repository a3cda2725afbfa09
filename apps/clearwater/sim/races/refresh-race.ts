// A removal that the client did not ask for races its refresh: the binding that was acknowledged stays
// (docs/architecture.md §2, `upTo`). Two kinds: the binding lapses, or a call finds its flow dead (430).
import { LogOutage, updateRegistration } from '#apps/sprout';
import { type Phone, type Proof } from '#libs/phone';
import type { SipMessage } from '#libs/sip';
import { liveBindings } from '#libs/domain';
import type { World } from '../world.js';
import { contactsOf, foldOf, historyOf, landedLate, type RaceBatch, runOut } from './race.js';

const GRANTED_S = 60;
/** The refresh is sent around the moment of expiry. */
const BEFORE_EXPIRY_MS = 5;
const AFTERWARDS_MS = 5_000;

type Round = Readonly<{ phone: Phone; answer: Promise<SipMessage | 'timeout'> }>;

const judge = async (
  world: World,
  { phone, answer }: Round,
  cause: string,
  { tally, label }: RaceBatch,
): Promise<void> => {
  const { aor, cseq } = phone;
  const final = await answer;
  const history = await historyOf(world, aor);
  const row = await world.row(aor);
  const live = liveBindings(row, world.clock.nowMs());
  const status = final === 'timeout' ? 'no answer' : String(final.status);
  let fault: string | undefined;
  if (status !== '200') fault = `the refresh was answered ${status}`;
  else if (!live.some((binding) => binding.cseq === cseq && binding.callId === phone.callId))
    fault = 'the refreshed binding is gone';
  else if (contactsOf(row) !== contactsOf(foldOf(history))) fault = 'the row is not the fold of the log';
  const met = landedLate(history, cause);
  tally.count(fault === undefined ? undefined : `${label} ${aor}: ${fault}`, met);
};

/** A REGISTER takes some turns until it decides: what races it is let go anywhere on its way. */
const TURNS_BEFORE_MAX = 14;

/** Starts a piece of work after some turns. */
const afterTurns = async <T>({ turns }: World, count: number, work: () => Promise<T>): Promise<T> => {
  for (let turn = 0; turn <= count; turn++) await turns.take('begin');
  return work();
};

/** One round for each phone: bound for a minute; as it ends, the pop of its timer and a refresh at once. */
export const raceExpiry = async (world: World, phones: readonly Phone[], batch: RaceBatch): Promise<void> => {
  const { random } = batch;
  const { clock, coreLog: log, registrations, turns } = world;
  await world.until(Promise.all(phones.map((phone) => phone.register({ expiresS: GRANTED_S }))));
  await world.advance(GRANTED_S * 1000 - BEFORE_EXPIRY_MS);
  turns.hold();
  const proof: Proof = random.chance(0.5) ? 'reuse' : 'challenge';
  const rounds = random.shuffle([...phones]).map((phone) => {
    const pop = afterTurns(world, random.integer(TURNS_BEFORE_MAX), async () => {
      const command = { type: 'ExpireBindings', data: { nowMs: clock.nowMs() } } as const;
      const outage = new LogOutage(clock, GRANTED_S * 1000);
      await updateRegistration({ log, outage, registrations }, phone.aor, command);
    });
    return { phone, pop, answer: afterTurns(world, 0, () => phone.register({ proof })) };
  });
  await runOut(world, random);
  turns.release();
  await world.until(Promise.all(rounds.flatMap(({ pop, answer }) => [pop, answer])));
  await world.advance(AFTERWARDS_MS);
  for (const round of rounds) await judge(world, round, 'expired', batch);
};

/** One round for each phone: its connection is lost, a call meets the dead flow while the phone comes back on a new one. */
export const raceFlowFailure = async (
  world: World,
  caller: Phone,
  phones: readonly Phone[],
  batch: RaceBatch,
): Promise<void> => {
  const { random } = batch;
  const { turns } = world;
  await world.until(Promise.all(phones.map((phone) => phone.register())));
  for (const phone of phones) phone.hangUp();
  await world.settle();
  turns.hold();
  const rounds = random.shuffle([...phones]).map((phone) => {
    const call = afterTurns(world, random.integer(TURNS_BEFORE_MAX), () => caller.call(phone.aor));
    return { phone, call, answer: afterTurns(world, 0, () => phone.register()) };
  });
  await runOut(world, random);
  turns.release();
  await world.until(Promise.all(rounds.flatMap(({ call, answer }) => [call, answer])));
  await world.settle();
  for (const round of rounds) await judge(world, round, 'flow-failed', batch);
};
