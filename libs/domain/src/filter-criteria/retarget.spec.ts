import { retargetingOf, type ReturnedTarget } from './retarget.js';

const bob = 'sip:bob@ims.test';
const returned = (parts: Partial<ReturnedTarget>) =>
  retargetingOf({ before: bob, after: bob, isSame: false, aliases: [bob, 'tel:+15551234'], hasRoute: false, ...parts }); // prettier-ignore

describe('a request that an application server of the callee gives back', () => {
  it.each([
    ['as it was', { isSame: true }, 'unchanged'],
    ['with the same user, written otherwise', {}, 'unchanged'],
    ['for an URN, as it was', { before: undefined, after: undefined, isSame: true }, 'unchanged'],
    ['for another name of the user', { after: 'tel:+15551234' }, 'alias'],
    ['for another name of the user, with a Route', { after: 'tel:+15551234', hasRoute: true }, 'alias'],
    ['for somebody else', { after: 'sip:carol@ims.test' }, 'diverted'],
    ['for somebody else, with a Route', { after: 'sip:carol@ims.test', hasRoute: true }, 'routed'],
    ['for what is no identity', { after: undefined }, 'diverted'],
    ['for what is no identity, having been none', { before: undefined, after: undefined }, 'diverted'],
  ] as const)('%s', (_what, parts, expected) => expect(returned(parts)).toBe(expected));
});
