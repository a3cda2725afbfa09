import { compileCriteria } from '#libs/domain';
import { type Chain, criteriaOf, turnOf } from './chain.js';
import { chainBy, criterionFor, requestOf, rulesOf } from './chain.fixture.js';
import { CHAIN_LINK_CODEC, type ChainLink, chainOf } from './chain-link.js';

const INVITE = requestOf('INVITE');
const turn = (chain: Chain): string => {
  const found = turnOf(chain, INVITE, INVITE.requestUri);
  return found.kind === 'invoke' ? found.decision.criterion.source.applicationServer.serverName : found.kind;
};

const linkOf = ({ role, sessionCase, served, rules, cursor, matched }: Chain): ChainLink => ({
  ...{ role, sessionCase, served, rules, cursor, matched },
  priority: 0,
  waiting: 'r1',
  server: 'sip:a',
  requestUri: INVITE.requestUri,
  icid: 'i1',
  depth: 1,
  state: 'open',
});

describe('a chain', () => {
  const three = [
    criterionFor('INVITE', 'a'),
    criterionFor('MESSAGE', 'b', 1),
    criterionFor('INVITE', 'c', 2),
  ];

  it('asks the servers of the criteria that match, one after the other', () => {
    const chain = chainBy(rulesOf(three));
    expect([turn(chain), turn(chain), turn(chain), turn(chain)]).toEqual(['a', 'c', 'end', 'end']);
    expect(criteriaOf(chain)).toEqual({
      evaluated: 3,
      matched: [
        { priority: 0, server: 'a', trigger: 'Method INVITE', invoked: true },
        { priority: 2, server: 'c', trigger: 'Method INVITE', invoked: true },
      ],
    });
  });

  it('goes on where it stood when it comes back, also by way of a store outside', () => {
    const chain = chainBy(rulesOf(three));
    turn(chain);
    for (const link of [linkOf(chain), CHAIN_LINK_CODEC.decode(CHAIN_LINK_CODEC.encode(linkOf(chain)))]) {
      const back = chainOf(link);
      expect(back.resumed).toBe(true);
      expect([turn(back), turn(back)]).toEqual(['c', 'end']);
      expect(criteriaOf(back).matched).toHaveLength(2);
    }
  });

  it('keeps fallback criteria and the rules of the operator with it', () => {
    const fallback = compileCriteria([criterionFor('INVITE', 'f'), criterionFor('INVITE', 'g', 1)]);
    const chain = chainBy(rulesOf([], { fallback, rejectIfNoMatching: true }));
    expect(turn(chain)).toBe('f');
    expect(criteriaOf(chain).evaluated).toBe(2);
    const back = chainOf(CHAIN_LINK_CODEC.decode(CHAIN_LINK_CODEC.encode(linkOf(chain))));
    expect([turn(back), turn(back)]).toEqual(['g', 'end']);
  });

  it('never asks the dummy server, and says so', () => {
    const chain = chainBy(rulesOf([criterionFor('INVITE', 'd'), criterionFor('INVITE', 'a', 1)], { dummyServer: 'd' })); // prettier-ignore
    expect([turn(chain), turn(chain)]).toEqual(['a', 'end']);
    expect(criteriaOf(chain).matched.map(({ server, invoked }) => [server, invoked])).toEqual([
      ['d', false],
      ['a', true],
    ]);
  });

  it('is refused where nothing matches and the operator wants that', () => {
    expect(turn(chainBy(rulesOf([], { rejectIfNoMatching: true })))).toBe('reject');
    expect(turn(chainBy(rulesOf([])))).toBe('end');
  });
});
