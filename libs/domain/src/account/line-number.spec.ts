// Numbers: one account has one, and only it can list it, confirm it or give it back.
import { specFor } from '#libs/testkit';
import { lineNumber, type LineNumberEvent, type NumberAllocated } from './line-number.js';

const given = specFor(lineNumber);
const of = (account: string) => ({ number: 'sip:6505550001@ims.test', account, by: account });
const data = (account: string): NumberAllocated['data'] => ({
  ...of(account),
  numberId: 'n',
  privateId: '6505550001@ims.test',
  pstn: false,
  specified: false,
  atMs: 1,
});
const allocated = (account: string): LineNumberEvent => ({ type: 'NumberAllocated', data: data(account) });
const released = (account: string): LineNumberEvent => ({ type: 'NumberReleased', data: of(account) });
const provisioned: LineNumberEvent = { type: 'NumberProvisioned', data: of('a') };
const listed = (is: boolean): LineNumberEvent => ({
  type: 'NumberListed',
  data: { ...of('a'), listed: is },
});
const allocate = (account: string, numberId = 'm') =>
  ({ type: 'AllocateNumber', data: { ...data(account), numberId } }) as const;
const confirm = (account: string) => ({ type: 'ConfirmNumber', data: of(account) }) as const;
const list = (account: string, is: boolean) =>
  ({ type: 'ListNumber', data: { ...of(account), listed: is } }) as const;
const release = (account: string) => ({ type: 'ReleaseNumber', data: of(account) }) as const;

it('is given to one account, until it is given back', () => {
  given().when(allocate('a', 'n')).then(allocated('a'));
  given(allocated('a')).when(allocate('b')).thenRefused('NumberTaken');
  given(allocated('a')).when(allocate('a')).thenRefused('NumberTaken');
  given(allocated('a'), released('a')).when(allocate('b', 'n')).then(allocated('b'));
});

it('is taken once, however often the same allocation is asked for', () => {
  given(allocated('a')).when(allocate('a', 'n')).thenNothing();
  given(allocated('a')).when(allocate('b', 'n')).thenRefused('NumberTaken');
});

it('is of nobody else’s business', () => {
  for (const command of [confirm('b'), list('b', true), release('b')]) {
    given(allocated('a')).when(command).thenRefused('UnknownNumber');
    given().when(command).thenRefused('UnknownNumber');
  }
});

it('is confirmed once it works', () => {
  given(allocated('a')).when(confirm('a')).then(provisioned);
  given(allocated('a'), provisioned).when(confirm('a')).thenNothing();
});

it('is listed and not listed', () => {
  given(allocated('a')).when(list('a', true)).then(listed(true));
  given(allocated('a'), listed(true)).when(list('a', true)).thenNothing();
  given(allocated('a'), listed(true)).when(list('a', false)).then(listed(false));
});

it('comes back unlisted and not confirmed', () => {
  const again = [allocated('a'), provisioned, listed(true), released('a'), allocated('a')];
  given(...again)
    .when(confirm('a'))
    .then(provisioned);
  given(...again)
    .when(list('a', true))
    .then(listed(true));
});
