// What people type, as URIs, and back.
import fc from 'fast-check';
import { partyOf, shownParty } from './party.js';

it.each([
  ['6505550101', 'sip:6505550101@ims.test'],
  [' 650 555-0101 ', 'sip:6505550101@ims.test'],
  ['+1 (650) 555.0101', 'tel:+16505550101'],
  ['*97#', 'sip:*97%23@ims.test'],
  ['bob', 'sip:bob@ims.test'],
  ['bob@example.com', 'sip:bob@example.com'],
  ['sip:bob@example.com:5070', 'sip:bob@example.com:5070'],
  ['SIPS:bob@example.com', 'sips:bob@example.com'],
  ['tel:+1-650', 'tel:+1650'],
])('%s is %s', (typed, uri) => {
  expect(partyOf(typed, 'ims.test')).toEqual({ ok: true, uri });
});

it.each([
  '',
  '   ',
  'bob smith',
  'bob@',
  '@x',
  'bob@-x',
  'a<b>@x.test',
  'tel:bob',
  'x'.repeat(257),
  'mailto:a b',
])('refuses "%s" with a reason', (typed) => {
  const party = partyOf(typed, 'ims.test');
  expect(party).toEqual({ ok: false, reason: expect.stringMatching(/\.$/) });
});

it('takes what it shows', () => {
  fc.assert(
    fc.property(
      fc.constantFrom('6505550101', 'bob', 'bob@example.com', '+4412345', '*97#', '*1#@example.com'),
      (typed) => {
        const party = partyOf(typed, 'ims.test');
        if (!party.ok) throw new Error(party.reason);
        expect(partyOf(shownParty(party.uri, 'ims.test'), 'ims.test')).toEqual(party);
      },
    ),
  );
});
