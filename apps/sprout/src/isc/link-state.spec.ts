import { TimerWheel } from '#libs/sip';
import { createMemoryKeyValueStore, type KeyValueStore, StoreUnavailable } from '#libs/stores';
import { createFakeClock } from '#libs/testkit';
import type { SessionContext } from '../session/session.js';
import { ALICE, chainBy, criterionFor, rulesOf } from './chain.fixture.js';
import { CHAIN_LINK_TTL_S, type ChainLink } from './chain-link.js';
import { Invocation } from './invocation.js';
import { claimLink, closeLink, hasReturned, takeOver } from './link-state.js';

const { role, sessionCase, served, rules, cursor, matched } = chainBy(rulesOf([criterionFor('INVITE', 'a')]));
const LINK: ChainLink = {
  ...{ role, sessionCase, served, rules, cursor, matched },
  ...{
    priority: 0,
    server: 'a',
    requestUri: 'sip:bob@ims.test',
    icid: 'i1',
    depth: 1,
    waiting: 'r1',
    state: 'open',
  },
};

const world = async () => {
  const clock = createFakeClock();
  const faults: string[] = [];
  const chainLinks: KeyValueStore<ChainLink> = createMemoryKeyValueStore<ChainLink>({ name: 'links', clock });
  await chainLinks.cas('t', LINK, undefined, CHAIN_LINK_TTL_S);
  const router = (links = chainLinks): SessionContext =>
    ({
      ports: { chainLinks: links, observer: { fault: (kind: string) => void faults.push(kind) } },
      invocations: new Map(),
    }) as unknown as SessionContext;
  const asked = { role, served: ALICE.impu, priority: 0, server: 'a' };
  const waiting = new Invocation({ token: 't', asked, handling: 'continued', timers: new TimerWheel(clock), livenessMs: 2_000, watcher: { overdue: () => undefined } }); // prettier-ignore
  return { clock, chainLinks, router, waiting, faults };
};

describe('a chain at an application server', () => {
  it('goes on where it comes back, however often; who waits for the answer is told', async () => {
    const { router, waiting, clock } = await world();
    const context = router();
    context.invocations.set('t', waiting);
    expect(await claimLink(context, 't')).toEqual({ link: LINK, isElsewhere: false });
    expect(await claimLink(context, 't')).toEqual({ link: LINK, isElsewhere: false });
    expect([waiting.returned, waiting.isResponsive, clock.pending]).toEqual([true, true, 0]);
  });

  it('is unknown by another token, and after its time', async () => {
    const { router, clock } = await world();
    expect(await claimLink(router(), 'u')).toBe('unknown');
    clock.advance(CHAIN_LINK_TTL_S * 1000);
    expect(await claimLink(router(), 't')).toBe('unknown');
  });

  it('that comes back to another router is seen by the one that waits', async () => {
    const { router } = await world();
    const [here, there] = [router(), router()];
    expect(await hasReturned(here, 't')).toBe(false);
    expect(await claimLink(there, 't')).toMatchObject({ link: { icid: 'i1' }, isElsewhere: true });
    expect(await hasReturned(here, 't')).toBe(true);
    expect(await closeLink(here, 't')).toBe('returned');
  });

  it('is over once nobody waits: what comes back then is too late', async () => {
    const { router } = await world();
    expect(await closeLink(router(), 't')).toBe('closed');
    expect(await claimLink(router(), 't')).toBe('over');
  });

  it('is taken over by who begins the request anew: what comes back of the former is too late', async () => {
    const { router } = await world();
    expect(await takeOver(router(), 't')).toBe('open');
    expect(await claimLink(router(), 't')).toBe('over');
    expect(await takeOver(router(), 't')).toBe('open');
  });

  it('that is taken over when it has come back says so: somebody may ring', async () => {
    const { router } = await world();
    await claimLink(router(), 't');
    expect(await takeOver(router(), 't')).toBe('returned');
  });

  it('is not taken over while others change it again and again', async () => {
    const { router, chainLinks } = await world();
    const busy: KeyValueStore<ChainLink> = { ...chainLinks, cas: () => Promise.resolve(false) };
    await expect(takeOver(router(busy), 't')).rejects.toBeInstanceOf(StoreUnavailable);
  });

  it('has one winner when both happen at once', async () => {
    const { router } = await world();
    const [closed, claimed] = await Promise.all([closeLink(router(), 't'), claimLink(router(), 't')]);
    expect([closed, claimed === 'over']).toEqual(
      closed === 'closed' ? ['closed', true] : ['returned', false],
    );
  });

  it('is passed over while the store does not answer', async () => {
    const { router, faults } = await world();
    const down = { get: () => Promise.reject(new StoreUnavailable()) } as unknown as KeyValueStore<ChainLink>;
    expect(await closeLink(router(down), 't')).toBe('closed');
    expect(await hasReturned(router(down), 't')).toBe(false);
    expect(faults).toEqual(['store-unavailable', 'store-unavailable']);
    await expect(claimLink(router(down), 't')).rejects.toBeInstanceOf(StoreUnavailable);
  });
});
