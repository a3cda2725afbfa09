// GRUUs: what is made is read back, by any router with the key; nothing else is.
import type { Binding } from '#libs/domain';
import { createSeededRandom } from '#libs/testkit';
import { gruuParams, Gruus, leadsTo, publicGruu } from './gruus.js';

const KEY = Buffer.alloc(32, 7);
const IMPU = 'sip:alice@ims.test';
const gruus = new Gruus(KEY, createSeededRandom(1));

const binding = (over: Partial<Binding> = {}): Binding => ({
  bindingId: '<urn:uuid:F81D>:1',
  contact: 'sip:alice@10.0.0.1:5060',
  params: '',
  q: 1,
  instance: '<urn:uuid:F81D>',
  callId: 'c1',
  cseq: 1,
  expiresAtMs: 1,
  grantedS: 1,
  path: [],
  impi: 'alice@ims.test',
  impu: IMPU,
  identities: [IMPU],
  ...over,
});

const leads = (uri: string, to: Binding, by = gruus): boolean => {
  const read = by.read(uri);
  return read !== undefined && leadsTo(read, to);
};

describe('a public GRUU', () => {
  it('names the device, however its UUID is written', () => {
    expect(publicGruu(IMPU, '<urn:uuid:F81D>')).toBe('sip:alice@ims.test;gr=urn:uuid:f81d');
    expect(leads('sip:alice@ims.test;gr=urn:uuid:F81d', binding())).toBe(true);
    expect(leads('sip:alice@ims.test;gr=urn%3Auuid%3Af81d', binding())).toBe(true);
    expect(leads('sip:alice@ims.test;gr=urn:uuid:f81e', binding())).toBe(false);
  });

  it('escapes what may not stand in a parameter, and reads it back', () => {
    const odd = '<urn:x;y=" é>';
    const uri = publicGruu(IMPU, odd)!;
    expect(uri).toMatch(/^sip:alice@ims\.test;gr=[\x21-\x7e]+$/);
    expect(uri).not.toMatch(/[;"<>]y/);
    expect(leads(uri, binding({ instance: odd }))).toBe(true);
  });

  it('is none for a number, a device without a name, or an emergency', () => {
    expect(publicGruu('tel:+1', '<urn:uuid:1>')).toBeUndefined();
    const { instance: _instance, ...nameless } = binding();
    expect(gruuParams(gruus, IMPU, { ...nameless, gruu: true })).toBe('');
    expect(gruuParams(gruus, IMPU, binding())).toBe('');
    expect(gruuParams(gruus, IMPU, binding({ gruu: true }))).toMatch(/^;pub-gruu="[^"]+";temp-gruu="[^"]+"$/);
    expect(leads('sip:alice@ims.test;gr=urn:uuid:f81d', binding({ emergency: true }))).toBe(false);
  });
});

describe('a temporary GRUU', () => {
  it('leads to its device at every router with the key, and says nothing of whose it is', () => {
    const uri = gruus.temporary(IMPU, binding());
    expect(uri).toMatch(/^sip:tgruu\.[\w-]+@ims\.test;gr$/);
    expect(Buffer.from(uri, 'latin1').toString()).not.toMatch(/alice|f81d/i);
    const other = new Gruus(KEY, createSeededRandom(2));
    expect(other.read(uri)).toMatchObject({ kind: 'temporary', impu: IMPU });
    expect(leads(uri, binding(), other)).toBe(true);
  });

  it('is another one each time, and all are good', () => {
    const made = [gruus.temporary(IMPU, binding()), gruus.temporary(IMPU, binding({ cseq: 2 }))];
    expect(made[0]).not.toBe(made[1]);
    expect(made.map((uri) => leads(uri, binding({ cseq: 3 })))).toEqual([true, true]);
  });

  it('ends with the Call-ID of its registration, and is no other device’s', () => {
    const uri = gruus.temporary(IMPU, binding());
    expect(leads(uri, binding({ callId: 'c2' }))).toBe(false);
    expect(leads(uri, binding({ instance: '<urn:uuid:2>' }))).toBe(false);
  });

  it.each([
    'sip:tgruu.@ims.test;gr',
    `sip:tgruu.${'A'.repeat(100)}@ims.test;gr`,
    'sip:alice@ims.test;gr',
    new Gruus(Buffer.alloc(32, 8), createSeededRandom(1)).temporary(IMPU, binding()),
  ])('is forged where no key of ours sealed it: %s', (uri) => {
    expect(gruus.read(uri)).toEqual({ kind: 'forged' });
  });
});

it('is not seen in what is none', () => {
  for (const uri of ['sip:alice@ims.test', 'sip:alice@ims.test;group=1', 'tel:+1', 'sip:a;gr@ims.test'])
    expect(gruus.read(uri)).toBeUndefined();
});
