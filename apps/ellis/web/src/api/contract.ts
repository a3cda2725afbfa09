// The shapes of what Ellis answers, from Ellis itself: what it changes, no page is compiled against as it was. The pages take nothing else of it.
export type * from '../../../src/contract.js';
