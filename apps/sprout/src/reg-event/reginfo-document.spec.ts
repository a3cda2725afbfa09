// Documents of registration state (RFC 3680 §5): well-formed whatever clients write, read back as it was.
import fc from 'fast-check';
import type { Binding } from '#libs/domain';
import { child, children, parseXml, text, type XmlNode } from '#libs/homestead-client';
import { type ContactState, reginfoDocument, xmlText } from './reginfo-document.js';

const binding = (over: Partial<Binding> = {}): Binding => ({
  bindingId: 'phone',
  contact: 'sip:alice@10.0.0.1:5060',
  params: '',
  q: 1,
  callId: 'c',
  cseq: 1,
  expiresAtMs: 300_000,
  grantedS: 300,
  path: [],
  impi: 'alice@ims.test',
  impu: 'sip:alice@ims.test',
  identities: ['sip:alice@ims.test'],
  ...over,
});

const document = (contacts: readonly ContactState[], identities = ['sip:alice@ims.test']): string =>
  reginfoDocument({ version: 3, state: 'full', identities, isActive: true, contacts, nowMs: 0 });

const active = (over: Partial<Binding> = {}): ContactState => ({
  binding: binding(over),
  isActive: true,
  event: 'registered',
});

const read = (xml: string): XmlNode => {
  const parsed = parseXml(xml);
  if (!parsed.ok) throw new Error(parsed.reason);
  return parsed.value;
};

const uris = (xml: string): readonly string[] =>
  children(child(read(xml), 'reginfo') as XmlNode, 'registration').flatMap((registration) =>
    children(registration, 'contact').map((contact) => text(contact, 'uri') ?? ''),
  );

it('says what RFC 3680 §5.1 asks for', () => {
  const params = ';+sip.instance="<urn:uuid:1>";reg-id=1;+g.3gpp.smsip';
  const xml = document([active({ params, q: 0.5 })]);
  expect(xml).toContain('<reginfo xmlns="urn:ietf:params:xml:ns:reginfo" ');
  expect(xml).toContain('version="3" state="full"');
  expect(xml).toMatch(/<registration aor="sip:alice@ims.test" id="r[\w-]{16}" state="active">/);
  expect(xml).toMatch(
    /<contact id="c[\w-]{16}" state="active" event="registered" expires="300" q="0.5" callid="c" cseq="1">/,
  );
  expect(xml).toContain('<unknown-param name="+sip.instance">&quot;&lt;urn:uuid:1&gt;&quot;</unknown-param>');
  expect(xml).toContain('<unknown-param name="reg-id">1</unknown-param>');
  expect(xml).toContain('<unknown-param name="+g.3gpp.smsip"></unknown-param>');
});

it('keeps ids: the same for the same contact always, another for another identity, binding or URI', () => {
  const ids = (xml: string): string[] => [...xml.matchAll(/contact id="([^"]*)"/g)].map(([, id]) => id!);
  const two = ['sip:alice@ims.test', 'tel:+1'];
  const contacts = [active(), active({ bindingId: 'desk' }), active({ contact: 'sip:alice@10.0.0.2' })];
  const all = ids(document(contacts, two));
  expect(new Set(all).size).toBe(6);
  expect(ids(document([active({ cseq: 9, q: 0.1 })]))).toEqual([all[0]]);
});

it('is ASCII, and tells what UTF-8 the message had', () => {
  const utf8 = Buffer.from('sip:zoë@ims.test', 'utf8').toString('latin1');
  const xml = document([active({ contact: utf8 })]);
  expect(xml).toContain('<uri>sip:zo&#xEB;@ims.test</uri>');
  expect(uris(xml)).toEqual(['sip:zoë@ims.test']);
});

it('is well-formed whatever clients write, and reads back as it was', () =>
  fc.assert(
    fc.property(fc.string({ unit: 'binary', minLength: 1 }), fc.string(), (name, params) => {
      const contact = `sip:${Buffer.from(name, 'utf8').toString('latin1')}`;
      const xml = document([
        active({ contact, params: `;x="${params.replace(/["\\]/g, '')}"`, callId: contact }),
      ]);
      expect(xml).toMatch(/^[\x20-\x7e\r\n]*$/);
      const [uri] = uris(xml);
      const allowed = Buffer.from(contact, 'latin1')
        .toString('utf8')
        .replace(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\ud800-\udfff\ufffe\uffff]/gu, '\ufffd');
      expect(uri?.trim()).toBe(allowed.trim());
    }),
  ));

it('has no markup of its own making', () =>
  expect(xmlText(`<a b="c">'&\t\u0000`)).toBe('&lt;a b=&quot;c&quot;&gt;&apos;&amp;&#x9;&#xFFFD;'));

describe('GRUUs (RFC 5628)', () => {
  const instance = '<urn:uuid:1>';
  const params = ';+sip.instance="<urn:uuid:1>"';

  it('are told of a contact whose client knows them, behind what else stands in it', () => {
    const xml = document([active({ gruu: true, instance, params })], ['sip:alice@ims.test', 'tel:+1']);
    expect(xml).toContain('</unknown-param><gr:pub-gruu uri="sip:alice@ims.test;gr=urn:uuid:1"/></contact>');
    expect(xml.match(/pub-gruu/g)).toHaveLength(1); // a number has none
    expect(xml).not.toContain('temp-gruu');
    expect(parseXml(xml).ok).toBe(true);
  });

  it('are not told of one whose client does not', () => {
    expect(document([active({ instance, params })])).not.toContain('pub-gruu');
  });
});
