// What the HSS asks of this core: RTR ends registrations, PPR brings a changed profile (backend.md §1.3, TS 29.228 §6.1.3, §6.6.1).
// Otherwise than Clearwater: a set whose registration could not be ended stays cached, so that the HSS's next try finds it.
import { type Body, type DiameterNode, type Message, RESULT } from '#libs/diameter';
import { assignment, assignmentStream, type WithdrawalReason } from '#libs/domain';
import type { EventLog } from '#libs/event-log';
import { type CachedSet, type CachedSets, defaultImpuOf } from './cached-sets.js';
import { readChargingAddresses } from './cx-answers.js';
import type { CxClient } from './cx-client.js';
import type { CxTally } from './cx-tally.js';
import { type KeptVectors, recordSubscription } from './hss-homestead.js';
import type { RegistrarLink, Withdrawal } from './registrar-link.js';
import { readSubscription } from './subscription-text.js';

export type PushPorts = Readonly<{
  node: Pick<DiameterNode, 'handle'>;
  sets: CachedSets;
  cx: Pick<CxClient, 'forgetAbsent'>;
  vectors: Pick<KeptVectors, 'delete'>;
  log: Pick<EventLog, 'append'>;
  registrar: RegistrarLink;
  tally: CxTally;
  onFault?: (error: unknown) => void;
}>;

/** Reason-Code → what is told to the log, and how the registrar is asked. */
const REASONS: Readonly<Record<number, Readonly<{ reason: WithdrawalReason; notify: boolean; ofListed: boolean; byImpi: boolean }>>> = {
  0: { reason: 'permanent-termination', notify: false, ofListed: true, byImpi: true },
  1: { reason: 'new-server-assigned', notify: false, ofListed: false, byImpi: false },
  2: { reason: 'server-change', notify: true, ofListed: false, byImpi: false },
  3: { reason: 'remove-s-cscf', notify: true, ofListed: true, byImpi: false },
}; // prettier-ignore

/** Pairs of a public and a private identity that one RTR may end; one of more is answered 5012, and nothing is done. */
export const PAIRS_MAX = 50_000;

const DONE: Body = { 'Result-Code': RESULT.DIAMETER_SUCCESS };
const UNABLE: Body = { 'Result-Code': RESULT.DIAMETER_UNABLE_TO_COMPLY };

const byName = (sets: readonly CachedSet[]): readonly CachedSet[] => [
  ...new Map(sets.map((set) => [defaultImpuOf(set), set])).values(),
];

const impisOf = ({ avps }: Message): readonly string[] => {
  const named = [avps.get('User-Name'), ...(avps.group('Associated-Identities')?.all('User-Name') ?? [])];
  return [...new Set(named.filter((impi) => impi !== undefined))];
};

const withdrawalsOf = (
  impus: readonly string[],
  impis: readonly string[],
  byImpi: boolean,
): readonly Withdrawal[] =>
  impus.flatMap((primaryImpu) => (byImpi ? impis.map((impi) => ({ primaryImpu, impi })) : [{ primaryImpu }]));

class Pushes {
  constructor(private readonly ports: PushPorts) {}

  async terminate(request: Message): Promise<Body> {
    const { sets, registrar, log, vectors } = this.ports;
    const how = REASONS[request.avps.group('Deregistration-Reason')?.get('Reason-Code') ?? -1];
    const impis = impisOf(request);
    const told: Body = { 'Associated-Identities': { 'User-Name': impis } };
    if (!how) return { ...UNABLE, ...told };
    const listed = how.ofListed ? request.avps.all('Public-Identity') : [];
    const found = await this.setsOf(listed, impis);
    // What was lost from the cache may be registered all the same.
    const unknown = listed.filter((impu) => !found.some(({ impus }) => impus.includes(impu)));
    for (const impi of [...impis, ...found.flatMap((set) => set.impis)]) vectors.delete(impi);
    const named = [...found.map(defaultImpuOf), ...unknown];
    if (named.length === 0) return { ...DONE, ...told };
    if (how.byImpi && named.length * impis.length > PAIRS_MAX) return { ...UNABLE, ...told };
    await registrar.withdraw(withdrawalsOf(named, impis, how.byImpi), { notify: how.notify });
    for (const set of found) {
      const data = { reason: how.reason, privateIdentities: impis };
      const events = assignment.decide(undefined, { type: 'WithdrawAssignment', data });
      await log.append(assignmentStream(defaultImpuOf(set)), events);
      await sets.remove(set);
    }
    return { ...DONE, ...told };
  }

  async pushProfile(request: Message): Promise<Body> {
    const { sets, cx } = this.ports;
    cx.forgetAbsent();
    const userData = request.avps.get('User-Data');
    const chargingAddresses = readChargingAddresses(request);
    if (userData === undefined && !chargingAddresses) return DONE;
    const held = await sets.ofPrivate(request.avps.get('User-Name') ?? '');
    if (held.length === 0) return UNABLE;
    const received = userData && readSubscription(userData);
    if (userData && !received) return UNABLE;
    // The name of a set may not change by a push.
    const isOther = received && !held.some((set) => defaultImpuOf(set) === received.impus[0]);
    if (isOther) return UNABLE;
    for (const set of held) {
      const news = received && defaultImpuOf(set) === received.impus[0] ? { xml: received.xml, impus: received.impus } : {}; // prettier-ignore
      await this.renew(set, { ...news, ...(chargingAddresses && { chargingAddresses }) });
    }
    return DONE;
  }

  /** The registrar first: what it could not take the HSS tells again. Of a set without bindings it has nothing to change. */
  private async renew(set: CachedSet, news: Partial<CachedSet>): Promise<void> {
    if (news.xml !== undefined && set.state === 'REGISTERED')
      await this.ports.registrar.changeProfile(defaultImpuOf(set), news.xml);
    await recordSubscription(this.ports.log, set, { ...set, ...news }, 'push');
    await this.ports.sets.replace(defaultImpuOf(set), (before) => ({ ...before, ...news }));
  }

  private async setsOf(listed: readonly string[], impis: readonly string[]): Promise<readonly CachedSet[]> {
    const { sets } = this.ports;
    if (listed.length === 0)
      return byName((await Promise.all(impis.map((impi) => sets.ofPrivate(impi)))).flat());
    const found = await Promise.all(listed.map((impu) => sets.find(impu)));
    return byName(found.filter((set) => set !== undefined));
  }
}

/** Serves RTR and PPR; any fault of ours is answered 5012, and the HSS may try again. */
export const servePushes = (ports: PushPorts): void => {
  const pushes = new Pushes(ports);
  const serve = (short: 'RTR' | 'PPR', handler: (request: Message) => Promise<Body>): void =>
    ports.node.handle(short, async (request, { peer }) => {
      const answer = await handler(request).catch((error: unknown) => {
        ports.onFault?.(error);
        return UNABLE;
      });
      ports.tally.count(peer, short, String(answer['Result-Code']));
      return answer;
    });
  serve('RTR', (request) => pushes.terminate(request));
  serve('PPR', (request) => pushes.pushProfile(request));
};
