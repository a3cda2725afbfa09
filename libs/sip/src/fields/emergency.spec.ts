// Which Request-URIs are emergency calls: URNs (RFC 5031 §4.2), and numbers in each of their forms.
import { alternativeService, emergencyService, isEmergencyContact } from './emergency.js';

const NUMBERS = { numbers: new Set(['112', '911', '*55']), homeDomain: 'ims.test' };
const of = (uri: string) => emergencyService(uri, NUMBERS);

it.each([
  ['urn:service:sos', 'urn:service:sos'],
  ['URN:service:SOS.Fire', 'urn:service:sos.fire'],
  ['tel:112', 'urn:service:sos'],
  ['tel:9-1-1;phone-context=ims.test', 'urn:service:sos'],
  ['sip:112@ims.test', 'urn:service:sos'],
  ['sip:112@IMS.test:5060;transport=tcp', 'urn:service:sos'],
  ['sips:911@ims.test', 'urn:service:sos'],
  ['sip:112;phone-context=ims.test@ims.test;user=phone', 'urn:service:sos'],
  ['sip:112@198.51.100.1;user=phone', 'urn:service:sos'],
  ['sip:*55@ims.test', 'urn:service:sos'],
])('%s is', (uri, service) => expect(of(uri)).toBe(service));

it.each([
  'urn:service:sosx',
  'urn:service:counseling',
  'urn:uuid:1',
  'tel:+112',
  'tel:1120',
  'sip:112@other.test',
  'sip:alice@ims.test',
  'sip:1120@ims.test',
  'sip:ims.test',
  'telepathy:112',
  'urn:service:sos;x',
  '',
])('%s is not', (uri) => expect(of(uri)).toBeUndefined());

it('tells a phone to call another way, and what it may do first', () => {
  expect(alternativeService('no way').body).not.toContain('<action>');
  const { headers, body } = alternativeService('register first', 'emergency-registration');
  expect(headers).toBe('Content-Type: application/3gpp-ims+xml\r\n');
  expect(body).toMatch(
    /<type>emergency<\/type><reason>register first<\/reason><action>emergency-registration<\/action>/,
  );
});

it.each([
  ['sip:a@10.0.0.1;sos', true],
  ['sips:a@10.0.0.1:5061;transport=tcp;SOS', true],
  ['sip:10.0.0.1;sos', true],
  ['sip:a@10.0.0.1;sosx', false],
  ['sip:a;sos@10.0.0.1', false],
  ['sip:a@10.0.0.1?x=;sos', false],
  ['sip:a@10.0.0.1', false],
])('a contact %s is for emergencies: %s', (uri, is) => expect(isEmergencyContact(uri)).toBe(is));
