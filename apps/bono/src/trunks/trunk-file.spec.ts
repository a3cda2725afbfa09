// What the operator's file says of trunks: its defaults, and what is refused by its place and reason.
import { readTrunks, TRUNKS_MAX } from './trunk-file.js';

const read = (...trunks: readonly object[]) => readTrunks(JSON.stringify({ trunks }));
const CARRIER = { name: 'carrier', peers: ['sip:192.0.2.10:5060;transport=udp'] };

it('takes a trunk of one peer: it comes from where it is called at, and nobody is asserted on its word', () => {
  expect(read(CARRIER)).toEqual({
    ok: true,
    value: [
      {
        name: 'carrier',
        kind: 'trunk',
        addresses: ['192.0.2.10'],
        certificates: [],
        peers: ['sip:192.0.2.10:5060;transport=udp'],
        identity: 'untrusted',
        identities: [],
        user: undefined,
        numbers: { country: '', national: '', international: '' },
        numbersAs: 'as-is',
        callsPerSecondMax: 100,
        callsInSetupMax: 1000,
        callsMax: 10000,
        transit: false,
        hidesTopology: false,
      },
    ],
  });
});

it('comes from nowhere by its peers when addresses or certificates are named', () => {
  for (const more of [{ addresses: ['10.0.0.0/8'] }, { certificates: ['sbc.carrier.test'] }]) {
    const result = read({ ...CARRIER, ...more });
    expect(result).toMatchObject({ value: [{ addresses: [], ...more }] });
  }
});

it.each<readonly [string, object, string]>([
  ['no name', { peers: ['sip:a.test'] }, '"name" takes small letters'],
  ['a name that no URI takes', { ...CARRIER, name: 'a;b' }, '"name" takes small letters'],
  ['nothing that says where it is', { name: 'a' }, 'takes "addresses", "certificates" or "peers"'],
  ['an address that is none', { name: 'a', addresses: ['carrier.test'] }, '"addresses"'],
  ['a peer with a user', { name: 'a', peers: ['sip:x@a.test'] }, 'no SIP URI of a host'],
  ['a peer that is no SIP URI', { name: 'a', peers: ['tel:+44'] }, 'no SIP URI of a host'],
  ['a field that nobody reads', { ...CARRIER, trusted: true }, '"trusted" is no field'],
  [
    'a policy that there is not',
    { ...CARRIER, identity: 'yes' },
    '"identity" takes untrusted, screened, trusted',
  ],
  ['an identity that is none', { ...CARRIER, identities: ['*'] }, 'no SIP or tel URI'],
  ['a PBX of nobody', { ...CARRIER, kind: 'pbx' }, '"user" belongs to a pbx'],
  ['a user of a carrier', { ...CARRIER, user: 'sip:pbx@ims.test' }, '"user" belongs to a pbx'],
  ['a prefix without a country', { ...CARRIER, nationalPrefix: '0' }, 'need a "country"'],
  ['a country that is none', { ...CARRIER, country: 'GB' }, 'no country code'],
  ['no calls at all', { ...CARRIER, callsPerSecondMax: 0 }, '"callsPerSecondMax" takes 1 to'],
  ['a text for a flag', { ...CARRIER, transit: 'no' }, '"transit" takes true or false'],
])('refuses %s', (_what, entry, reason) => {
  expect(read(entry)).toEqual({ ok: false, reason: expect.stringContaining(reason) });
});

it('names the entry that is wrong, and refuses a second one of a name', () => {
  expect(read(CARRIER, { name: 'b' })).toMatchObject({ reason: expect.stringContaining('trunks[1]: ') });
  expect(read(CARRIER, CARRIER)).toMatchObject({ reason: 'trunks[1]: a second carrier' });
});

it('refuses what is no such file', () => {
  for (const text of ['', '[]', '{"trunks": 1}', '{"trunks": [1]}', '{'])
    expect(readTrunks(text).ok).toBe(false);
  const many = Array.from({ length: TRUNKS_MAX + 1 }, (_, n) => ({ ...CARRIER, name: `c${n}` }));
  expect(read(...many).ok).toBe(false);
});
