// GRUUs: what is made is read back, by any router with the key; nothing else is.
import type { Binding } from '#libs/domain';
import { createSeededRandom } from '#libs/testkit';
import { gruuParams, Gruus, ledTo, publicGruu } from './gruus.js';

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
  gruu: true,
  sinceMs: 1_000,
  ...over,
});
const DEVICE = '<urn:uuid:F81D>';

/** To which of the bindings, by their places. */
const leadsTo = (uri: string, bindings: readonly Binding[], by = gruus): readonly number[] => {
  const read = by.read(uri);
  return read === undefined ? [] : ledTo(read, bindings).map((one) => bindings.indexOf(one));
};
const leads = (uri: string, to: Binding, by = gruus): boolean => leadsTo(uri, [to], by).length === 1;

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
    const { gruu: _gruu, ...unaware } = binding();
    const of = (one: Binding): string => gruuParams(gruus, IMPU, one, [one]);
    expect(of(nameless)).toBe('');
    expect(of(unaware)).toBe('');
    expect(of(binding())).toMatch(/^;pub-gruu="[^"]+";temp-gruu="[^"]+"$/);
    expect(leads('sip:alice@ims.test;gr=urn:uuid:f81d', binding({ emergency: true }))).toBe(false);
  });
});

describe('a temporary GRUU', () => {
  const made = (bindings: readonly Binding[] = [binding()]): string =>
    gruus.temporary(IMPU, DEVICE, bindings);

  it('leads to its device at every router with the key, and says nothing of whose it is', () => {
    const uri = made();
    expect(uri).toMatch(/^sip:tgruu\.[\w-]+@ims\.test;gr$/);
    expect(Buffer.from(uri, 'latin1').toString()).not.toMatch(/alice|f81d/i);
    const other = new Gruus(KEY, createSeededRandom(2));
    expect(other.read(uri)).toMatchObject({ kind: 'temporary', impu: IMPU });
    expect(leads(uri, binding(), other)).toBe(true);
  });

  it('is another one each time, and all are good', () => {
    const both = [made(), made([binding({ cseq: 2 })])];
    expect(both[0]).not.toBe(both[1]);
    expect(both.map((uri) => leads(uri, binding({ cseq: 3 })))).toEqual([true, true]);
  });

  it('ends with its registration, also where the Call-ID is the same again, and is no other device’s', () => {
    const uri = made();
    expect(leads(uri, binding({ sinceMs: 2_000 }))).toBe(false);
    const { sinceMs: _sinceMs, ...unaware } = binding();
    expect(leads(uri, unaware)).toBe(false);
    expect(leads(uri, binding({ instance: '<urn:uuid:2>' }))).toBe(false);
  });

  it('leads to all flows of its device, by the latest of their registrations (RFC 5627 §3.2)', () => {
    const flows = [binding({ callId: 'c1' }), binding({ callId: 'c2', sinceMs: 2_000 }), binding({ instance: '<urn:uuid:2>' })]; // prettier-ignore
    expect(leadsTo(made(flows), flows)).toEqual([0, 1]);
    expect(leadsTo(made([flows[0]!]), flows)).toEqual([]);
    const [, uri] = /temp-gruu="([^"]+)"/.exec(gruuParams(gruus, IMPU, flows[0]!, flows)) ?? [];
    expect(leadsTo(uri!, flows)).toEqual([0, 1]);
  });

  it.each([
    'sip:tgruu.@ims.test;gr',
    `sip:tgruu.${'A'.repeat(100)}@ims.test;gr`,
    'sip:alice@ims.test;gr',
    new Gruus(Buffer.alloc(32, 8), createSeededRandom(1)).temporary(IMPU, DEVICE, [binding()]),
  ])('is forged where no key of ours sealed it: %s', (uri) => {
    expect(gruus.read(uri)).toEqual({ kind: 'forged' });
  });
});

it('is not seen in what is none', () => {
  for (const uri of ['sip:alice@ims.test', 'sip:alice@ims.test;group=1', 'tel:+1', 'sip:a;gr@ims.test'])
    expect(gruus.read(uri)).toBeUndefined();
});
