import { createSeededRandom } from '#libs/testkit';
import { chainBy, rulesOf } from './chain.fixture.js';
import { odiIn, odiUser } from './chain-link.js';
import { type LeavingSession, OdiTokens } from './odi-tokens.js';

const CHAIN = chainBy(rulesOf([]));
const sessionOf = (changes: Partial<LeavingSession> = {}, cseq = 1): LeavingSession => ({
  ...{ icid: 'i1', callId: 'c1', dialog: 'd1', requestUri: 'sip:bob@ims.test', depth: 1, viaServer: false },
  tx: { request: { cseq } },
  ...changes,
});

const router = (seed: number, key = 1): OdiTokens =>
  new OdiTokens(Buffer.alloc(32, key), createSeededRandom(seed));

describe('an original dialog identifier', () => {
  it('is the same for every router that gets the request, and no other', () => {
    const [here, there] = [router(1), router(2)];
    const token = here.next(sessionOf(), CHAIN);
    expect(token).toMatch(/^[0-9a-f]{32}$/); // 128 bits
    expect(there.next(sessionOf(), CHAIN)).toBe(token);
    const others = [
      here.next(sessionOf({ icid: 'i2' }), CHAIN),
      here.next(sessionOf({ callId: 'c2' }), CHAIN),
      here.next(sessionOf({ dialog: 'd2' }), CHAIN),
      here.next(sessionOf({ depth: 2 }), CHAIN),
      here.next(sessionOf({ requestUri: 'sip:carol@ims.test' }), CHAIN),
      here.next(sessionOf({}, 2), CHAIN),
      here.next(sessionOf(), { ...CHAIN, role: 'terminating' }),
      router(1, 2).next(sessionOf(), CHAIN),
    ];
    expect(new Set([token, ...others]).size).toBe(others.length + 1);
  });

  it('is drawn where the request came from a server, which may have made several of one', () => {
    const tokens = router(1);
    const drawn = [1, 2].map(() => tokens.next(sessionOf({ viaServer: true }), CHAIN));
    expect(new Set(drawn).size).toBe(2);
    for (const token of drawn) expect(token).toMatch(/^[0-9a-z]{26}$/); // five bits each or more
  });

  it('is drawn by a router that is alone', () => {
    const tokens = new OdiTokens(Buffer.alloc(32, 1), createSeededRandom(1), true);
    expect(tokens.next(sessionOf(), CHAIN)).not.toBe(tokens.next(sessionOf(), CHAIN));
  });

  it('is found in the Route that it was written in', () => {
    const token = router(1).draw();
    expect(odiIn(`sip:${odiUser(token)}@10.0.0.1:5054;lr`)).toBe(token);
    expect(odiIn('sip:scscf.ims.test:5054;lr')).toBeUndefined();
    expect(odiIn('sip:bob@scscf.ims.test:5054;lr')).toBeUndefined();
  });
});
