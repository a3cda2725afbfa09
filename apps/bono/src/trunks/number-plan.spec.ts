// Numbers of trunks as global ones, and identities as they are compared.
import { globalNumber, identityIn, numberInUri, readNumberPlan } from './number-plan.js';

const plan = (country?: string, national?: string, international?: string) => {
  const made = readNumberPlan({ country, national, international });
  if (typeof made === 'string') throw new Error(made);
  return made;
};
const NONE = plan();
const BRITISH = plan('44');
const AMERICAN = plan('1', '', '011');

it.each([
  ['+44-20-7111-1111', BRITISH, '+442071111111'],
  ['00442071111111', BRITISH, '+442071111111'],
  ['02071111111', BRITISH, '+442071111111'],
  ['2071111111', BRITISH, undefined],
  ['011442071111111', AMERICAN, '+442071111111'],
  ['2125550100', AMERICAN, '+12125550100'],
  ['02071111111', NONE, undefined],
  ['+1', NONE, '+1'],
  ['+12345678901234567', NONE, undefined],
  ['+44abc', BRITISH, undefined],
  ['00', BRITISH, undefined],
])('%s is %s in its plan', (written, numbers, number) => {
  expect(globalNumber(written, numbers)).toBe(number);
});

it.each([
  ['tel:02071111111', BRITISH, '+442071111111'],
  ['sip:02071111111@sbc.test', BRITISH, '+442071111111'],
  ['sip:+442071111111@sbc.test', NONE, '+442071111111'],
  ['sip:+442071111111;npdi@sbc.test;user=phone', NONE, '+442071111111'],
  ['sip:1234@sbc.test', NONE, undefined],
  ['sip:alice@sbc.test', BRITISH, undefined],
  ['urn:service:sos', BRITISH, undefined],
])('the number of %s', (uri, numbers, number) => {
  expect(numberInUri(uri, numbers)).toBe(number);
});

it('compares numbers as tel, whatever they came as, and other identities as they are', () => {
  expect(identityIn('sip:02071111111@sbc.test;user=phone', BRITISH)).toBe('tel:+442071111111');
  expect(identityIn('sip:Bob@SBC.test:5060', BRITISH)).toBe('sip:Bob@sbc.test');
});
