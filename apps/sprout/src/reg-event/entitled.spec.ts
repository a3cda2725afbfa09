// Who may watch (TS 24.229 §5.4.2.1.1).
import { type Binding, compileCriteria } from '#libs/domain';
import { criterionFor } from '../isc/chain.fixture.js';
import { isEntitled, type WatchedUser } from './entitled.js';

const user = (servers: readonly string[], path: readonly string[] = []): WatchedUser => {
  const criteria = compileCriteria(servers.map((server) => criterionFor('INVITE', server)));
  return {
    impu: 'sip:alice@ims.test',
    profile: {
      identities: ['sip:alice@ims.test', 'tel:+15550001'],
      served: new Map([['sip:alice@ims.test', { barred: false, criteria, tellsServers: false }]]),
    },
    bindings: [{ path } as unknown as Binding],
  };
};
const may = (watcher: string, watched: WatchedUser): boolean => isEntitled(watcher, watched, 'ims.test');

it.each([
  ['herself', 'sip:alice@ims.test', true],
  ['another identity of her set', 'tel:+15550001', true],
  ['another subscriber', 'sip:eve@ims.test', false],
  ['a server of her criteria, by its host', 'sip:as1.ims.test:5090;transport=tcp', true],
  ['the same in other letters', 'sip:who@AS1.ims.test', true],
  ['a server of nobody’s', 'sip:as2.ims.test', false],
  ['the edge in a Path of hers', 'sip:edge.visited.test', true],
  ['what is no SIP URI', 'mailto:alice@ims.test', false],
  ['nothing', '', false],
])('%s', (_who, watcher, verdict) =>
  expect(may(watcher, user(['sip:as1.ims.test:5080'], ['<sip:token@edge.visited.test:5058;lr>']))).toBe(
    verdict,
  ),
);

it('lets in no subscriber by the host that all of them have', () => {
  const served = user(['sip:mail@ims.test'], ['<sip:edge@ims.test;lr>']);
  expect(['sip:mail@ims.test', 'sip:edge@ims.test', 'sip:eve@ims.test'].map((each) => may(each, served))).toEqual([true, true, false]);
}); // prettier-ignore
