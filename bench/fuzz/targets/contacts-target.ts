// The Contact headers of a REGISTER, as the registrar takes them. What must hold: each contact is the one that was written, its
// expiry and q are in their ranges, what is kept of it and written again is the same binding, and `*` is alone. RFC 3261 §10.2.
import { contactRequests, CONTACTS_MAX } from '#apps/sprout';
import { checkFields, H, hasOption, headerParam, headerParams, PARAMS_MAX, parseMessage, parseNameAddr, parseSeconds, values } from '#libs/sip'; // prettier-ignore
import { must, mustEqual, type Target } from '../target.js';

const around = (lines: string): string =>
  `REGISTER sip:ims.test SIP/2.0\r\nVia: SIP/2.0/UDP 10.0.0.1;branch=z9hG4bK1\r\nMax-Forwards: 70\r\nFrom: <sip:a@b>;tag=1\r\nTo: <sip:a@b>\r\nCall-ID: 1\r\nCSeq: 1 REGISTER\r\n${lines}\r\nContent-Length: 0\r\n\r\n`;

const DEFAULT_S = 300;
const SECONDS_MAX = 2 ** 32 - 1;
/** Answered by the registrar itself. */
const OWN = new Set(['expires', 'q', 'pub-gruu', 'temp-gruu']);

type Requests = ReturnType<typeof contactRequests>;
type Contact = Extract<Requests, { ok: true }>['contacts'][number];

const checkContact = (contact: Contact, value: string): void => {
  const written = parseNameAddr(value);
  mustEqual('the URI as it was written', contact.contact, written?.uri);
  must(Number.isInteger(contact.expiresS) && contact.expiresS >= 0 && contact.expiresS <= SECONDS_MAX, 'expires is in its range', contact.expiresS);
  must(contact.q >= 0 && contact.q <= 1 && /^[01](\.\d{1,3})?$/.test(String(contact.q)), 'q is one of RFC 3261', contact.q);
  const own = headerParam(value, 'expires');
  const seconds = own === undefined ? undefined : parseSeconds(own);
  if (seconds !== undefined) mustEqual('its own expires counts', contact.expiresS, seconds);
  const all = headerParams(`<sip:x>${written?.params ?? ''}`);
  if (all.length === PARAMS_MAX) return;
  const kept = headerParams(`<sip:x>${contact.params}`);
  mustEqual('parameters as they were written', kept, all.filter(([name]) => !OWN.has(name)));
}; // prettier-ignore

/** A contact as the registrar's answer lists it. */
const listed = ({ contact, params, expiresS, q }: Contact): string =>
  `Contact: <${contact}>${params};expires=${expiresS};q=${q}`;

export const contactsTarget = (take: typeof contactRequests = contactRequests): Target => ({
  name: 'contacts',
  seeds: ['Contact: "Al\\"ice, A" <sip:alice@10.0.0.1:16060;ob>;+sip.instance="<urn:uuid:1,2>";reg-id=1;expires=60;q=0.7\r\nExpires: 600\r\nSupported: outbound', 'm: <sip:a@b>, sip:c@d;expires=0 , <sips:e@f;sos>;audio;methods="INVITE, BYE";pub-gruu="x"\r\nContact: <sip:g@h?a=b>;EXPIRES="5";Q=1.5', 'Contact: *\r\nExpires: 0', 'Expires: 5\r\nContact:\r\n <sip:a@b>;q=.5;;video ;x = "y"', `Contact: ${'<sip:a@b>,'.repeat(CONTACTS_MAX - 1)}<sip:c@d>`], // prettier-ignore
  tokens: ['Contact: *\r\n', 'Supported: outbound\r\n', 'Contact: ', '\r\nm: <sip:x@y>', 'Expires: 0\r\n', ';expires=', ';expires=4294967296', ';q=', ';q=0.5', ';q=-1', ';Q=1e-3', ';+sip.instance="', ';reg-id=', ';sos', '<sip:a@b>', '<tel:+1>', 'sips:c@d', '"', '\\"', ';x="a;q=1"', ', ', '\r\n ', ';temp-gruu='], // prettier-ignore
  run(input) {
    const parsed = parseMessage(around(input));
    if (!parsed.ok) return parsed.reason;
    const { message } = parsed;
    const requests = take(message, DEFAULT_S);
    if (!requests.ok) {
      must(requests.reason !== '', 'a refusal has a reason');
      if (requests.reason === 'Contact does not parse')
        must(checkFields(message) !== undefined, 'what the check on fields accepts can be read');
      return requests.reason;
    }
    const written = values(message, H.Contact);
    must(written.length <= CONTACTS_MAX, 'contacts are bounded', written.length);
    if (requests.all) {
      mustEqual('* is alone', written, ['*']);
      mustEqual('* is with Expires: 0', parseSeconds(message.header(H.Expires) ?? ''), 0);
      mustEqual('* names none', requests.contacts, []);
      return 'all';
    }
    mustEqual('each one, none besides', requests.contacts.length, written.length);
    requests.contacts.forEach((contact, at) => checkContact(contact, written[at] ?? ''));
    const supported = hasOption(message, H.Supported, 'outbound') ? ['Supported: outbound'] : [];
    const again = parseMessage(around([...requests.contacts.map(listed), ...supported].join('\r\n')));
    must(again.ok, 'what is listed parses', again);
    if (again.ok) mustEqual('listed and taken again', take(again.message, DEFAULT_S), requests);
    const [first] = requests.contacts;
    return `${written.length > 3 ? 'many' : written.length} ${first?.instance !== undefined} ${first?.regId !== undefined} ${first?.emergency === true} ${first?.q === 1} ${first?.params !== ''}`;
  },
}); // prettier-ignore
