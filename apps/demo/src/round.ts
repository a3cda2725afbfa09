// One round of the demonstration: two phones register, each at an edge, and one calls the other through the core: REGISTER with digest, INVITE,
// ACK, BYE (RFC 3261 §10, §13, §15). A round that fails says where and with which answer. Used by main.ts.
import { Phone } from '#libs/phone';
import type { Clock, Random } from '#libs/runtime';
import { H, type SipMessage } from '#libs/sip';

export type User = Readonly<{ impu: string; impi: string; password: string }>;
export type Edge = Readonly<{ address: string; port: number }>;

export type Round = Readonly<{
  caller: string;
  callee: string;
  /** Where each is registered. */
  edges: readonly [caller: Edge, callee: Edge];
  /** Milliseconds of each step that went well. */
  registeredMs?: number;
  answeredMs?: number;
  endedMs?: number;
  /** What did not go well, as a person reads it; absent: the call was carried. */
  fault?: string;
}>;

export type RoundOptions = Readonly<{
  users: readonly [User, User];
  edges: readonly Edge[];
  clock: Clock;
  openPhone: (user: User, edge: Edge) => Promise<Phone>;
}>;

const REGISTERED_FOR_S = 300;

/** A phone of this user's one device: when it registers again, from wherever, its binding of before is replaced (RFC 5626 §4.1). */
export const openPhoneAt =
  ({
    clock,
    random,
    address,
  }: Readonly<{ clock: Clock; random: Random; address: string }>): RoundOptions['openPhone'] =>
  ({ impu, password }, server) => {
    const [user = '', domain = ''] = impu.replace(/^sip:/, '').split('@');
    const instance = `urn:uuid:00000000-0000-4000-8000-${Buffer.from(user).toString('hex').padStart(12, '0').slice(-12)}`;
    return Phone.start({
      user,
      domain,
      password,
      server,
      transport: 'udp',
      address,
      clock,
      random,
      instance,
    });
  };

export const nameOf = ({ impu }: User): string => impu.replace(/^sip:/, '').split('@')[0] ?? impu;

/** Undefined: a 2xx. */
const faultIn = (what: string, answer: SipMessage | 'timeout' | undefined): string | undefined => {
  if (answer === undefined || answer === 'timeout') return `${what}: no answer within 32 s`;
  if (answer.status < 300) return undefined;
  const retryAfter = answer.header(H.RetryAfter);
  return `${what}: ${answer.status} ${answer.reason}${retryAfter === undefined ? '' : `, to try again after ${retryAfter} s`}`;
};

const pairOf = (edges: readonly Edge[], n: number): readonly [Edge, Edge] => {
  const [one, two] = [edges[n % edges.length], edges[(n + 1) % edges.length]];
  if (one === undefined || two === undefined) throw new Error('there is no edge to register at');
  return [one, two];
};

const played = async (
  { clock, users }: RoundOptions,
  phones: readonly [Phone, Phone],
  n: number,
): Promise<Partial<Round>> => {
  const [calling, called] = n % 2 === 0 ? phones : [phones[1], phones[0]];
  let sinceMs = clock.monotonicMs();
  const lap = (): number => {
    const nowMs = clock.monotonicMs();
    const tookMs = nowMs - sinceMs;
    sinceMs = nowMs;
    return Math.round(tookMs);
  };
  const answers = await Promise.all(phones.map((phone) => phone.register({ expiresS: REGISTERED_FOR_S })));
  const faults = answers.flatMap((answer, at) => faultIn(`REGISTER of ${nameOf(users[at]!)}`, answer) ?? []);
  if (faults.length > 0) return { fault: faults.join('; ') };
  const registeredMs = lap();
  const { request, answer } = await calling.call(called.aor);
  const refused = faultIn('INVITE', answer);
  if (answer === 'timeout' || refused !== undefined) return { registeredMs, fault: refused ?? 'INVITE' };
  const answeredMs = lap();
  const fault = faultIn('BYE', await calling.inDialog('BYE', { request, answer }, 2)?.final);
  return fault === undefined
    ? { registeredMs, answeredMs, endedMs: lap() }
    : { registeredMs, answeredMs, fault };
};

/** Plays round `n`: who calls whom, and where each registers, changes from one to the next. Rejects when no phone can be opened. */
export const playRound = async (options: RoundOptions, n: number): Promise<Round> => {
  const { users, openPhone } = options;
  const edges = pairOf(options.edges, n >> 1);
  const phones = await Promise.all([openPhone(users[0], edges[0]), openPhone(users[1], edges[1])]);
  try {
    const [caller, callee] = n % 2 === 0 ? users : [users[1], users[0]];
    const places = n % 2 === 0 ? edges : ([edges[1], edges[0]] as const);
    return {
      caller: nameOf(caller),
      callee: nameOf(callee),
      edges: places,
      ...(await played(options, phones, n)),
    };
  } finally {
    await Promise.all(phones.map((phone) => phone.close()));
  }
};
