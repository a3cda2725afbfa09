// Which dialled numbers lead abroad, for whom.
import { dialledNumber, leadsAbroad } from './number-country.js';

it.each([
  ['tel:+44-20-7183-8750', '+442071838750'],
  ['sip:+442071838750@ims.test;user=phone', '+442071838750'],
  ['sip:02071838750@ims.test', '02071838750'],
  ['sip:02071838750;phone-context=ims.test@ims.test;user=phone', '02071838750'],
  ['sip:alice@ims.test', undefined],
  ['sip:ims.test', undefined],
  [`tel:${'1'.repeat(60)}`, undefined],
  ['urn:service:sos', undefined],
])('reads %s as the number %s', (uri, number) => {
  expect(dialledNumber(uri)).toBe(number);
});

const LONDON = 'tel:+442071838750';
const NEW_YORK = 'sip:+12125550123@ims.test;user=phone';
const TORONTO = 'tel:+14165550123';

it.each([
  ['another country, by the user’s own number', LONDON, [NEW_YORK], '', true],
  ['the user’s own country', 'tel:+442079460000', [LONDON], '', false],
  ['a national number', 'sip:02079460000@ims.test', [LONDON], '', false],
  ['another country with the user’s own prefix', 'sip:0012125550123@ims.test', [LONDON], '', true],
  ['another country with another user’s prefix', 'sip:011442071838750@ims.test', [NEW_YORK], '', true],
  ['home with the user’s own prefix', 'sip:00442079460000@ims.test', [LONDON], '', false],
  ['another country of the same calling code', TORONTO, [NEW_YORK], '', true],
  ['another country, by the operator’s', LONDON, ['sip:alice@ims.test'], 'US', true],
  ['the operator’s country', LONDON, ['sip:alice@ims.test'], 'GB', false],
  ['another country than the user’s, whatever the operator’s', LONDON, [NEW_YORK], 'GB', true],
  ['a user by name', 'sip:bob@ims.test', [LONDON], 'GB', false],
  ['a number where nothing says what is home', LONDON, ['sip:alice@ims.test'], '', false],
  ['a number where the operator’s country is none', LONDON, [], 'XX', false],
] as const)('%s', (_name, dialled, own, operator, abroad) => {
  expect(leadsAbroad(dialled, own, operator)).toBe(abroad);
});
