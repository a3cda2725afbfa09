// What is no XCAP document (RFC 4825 §8.2.2; bounds of ours).
import {
  parseDocument,
  parseFragment,
  XML_DEPTH_MAX,
  XML_LENGTH_MAX,
  XML_NODES_MAX,
} from './xml-document.js';

const faultOf = (xml: string): string => {
  const parsed = parseDocument(xml);
  return parsed.ok ? 'taken' : parsed.fault.kind;
};
const nested = (depth: number): string => '<a>'.repeat(depth) + '</a>'.repeat(depth);
const bomb = `<!DOCTYPE a [${Array.from({ length: 20 }, (_, i) => `<!ENTITY e${i + 1} "${`&e${i};`.repeat(10)}">`).join('')}]><a>&e20;</a>`;

const ATTACKS: readonly (readonly [string, string, string])[] = [
  ['entities that grow', bomb, 'not-well-formed'],
  ['an external entity', '<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><a>&x;</a>', 'not-well-formed'],
  ['a parameter entity', '<!DOCTYPE a [<!ENTITY % x SYSTEM "http://127.0.0.1/x"> %x;]><a/>', 'not-well-formed'],
  ['a document type elsewhere', '<!DOCTYPE a SYSTEM "http://127.0.0.1/a.dtd"><a/>', 'not-well-formed'],
  ['a document type behind much white space', `${' '.repeat(90_000)}<!DOCTYPE a><a/>`, 'not-well-formed'],
  ['an unknown entity', '<a>&nbsp;</a>', 'not-well-formed'],
  ['too deep', nested(XML_DEPTH_MAX + 1), 'bounds'],
  ['as deep as it gets', '<a>'.repeat(33_000), 'bounds'],
  ['too long', `<a>${' '.repeat(XML_LENGTH_MAX)}</a>`, 'bounds'],
  ['too many elements', `<a>${'<b/>'.repeat(XML_NODES_MAX)}</a>`, 'bounds'],
  ['too many attributes', `<a ${Array.from({ length: XML_NODES_MAX }, (_, i) => `b${i}=""`).join(' ')}/>`, 'bounds'],
  ['too many namespaces', `<a ${Array.from({ length: 2_000 }, (_, i) => `xmlns:n${i}="u"`).join(' ')}>${'<b/>'.repeat(3_000)}</a>`, 'bounds'],
  ['an attribute twice by its namespace', '<a xmlns:b="u" xmlns:c="u" b:x="" c:x=""/>', 'not-well-formed'],
  ['an unbound prefix', '<b:a/>', 'not-well-formed'],
  ['a rebound xml prefix', '<a xmlns:xml="urn:x"/>', 'not-well-formed'],
  ['a declared xmlns prefix', '<a xmlns:xmlns="urn:x"/>', 'not-well-formed'],
  ['a prefix bound to nothing', '<a xmlns:b=""/>', 'not-well-formed'],
  ['another encoding', '<?xml version="1.0" encoding="UTF-16"?><a/>', 'not-utf-8'],
  ['another encoding that says EBCDIC', '<?xml version="1.0" encoding="IBM037"?><a/>', 'not-utf-8'],
  ['another version', '<?xml version="1.1"?><a/>', 'not-well-formed'],
  ['forbidden characters', '<a>\u0001</a>', 'not-well-formed'],
  ['a character by a forbidden number', '<a>&#0;</a>', 'not-well-formed'],
  ['half a surrogate pair', '<a>&#xd800;</a>', 'not-well-formed'],
  ['two roots', '<a/><a/>', 'not-well-formed'],
  ['nothing', '', 'not-well-formed'],
  ['a comment that does not end', `<a><!-- ${'- '.repeat(40_000)}`, 'not-well-formed'],
  ['an end of CDATA in text', '<a>]]></a>', 'not-well-formed'],
]; // prettier-ignore

it.each(ATTACKS)('refuses %s', (_name, xml, kind) => {
  expect(faultOf(xml)).toBe(kind);
});

it('takes what is at the bounds', () => {
  expect(faultOf(nested(XML_DEPTH_MAX))).toBe('taken');
  expect(faultOf(`<a>${'<b/>'.repeat(XML_NODES_MAX - 1)}</a>`)).toBe('taken');
  expect(faultOf(`<a>${' '.repeat(XML_LENGTH_MAX - 7)}</a>`)).toBe('taken');
  expect(faultOf('<?xml version="1.0" encoding="utf-8" standalone="yes"?><a/>')).toBe('taken');
});

it('names that every object has are names', () => {
  const parsed = parseDocument('<__proto__ constructor="1" __proto__="2" xmlns:__proto__="urn:x"><__proto__:toString/></__proto__>');
  expect(parsed.ok && parsed.root.attributes.map(({ name }) => name)).toEqual(['constructor', '__proto__']);
  expect(parsed.ok && parsed.root.children[0]?.uri).toBe('urn:x');
}); // prettier-ignore

it('knows in a fragment the prefixes around it', () => {
  expect(parseFragment('<p:a/>', { p: 'urn:p' }).ok).toBe(true);
  expect(parseFragment('<p:a/>').ok).toBe(false);
  const parsed = parseFragment(' <a/>\n', { '': 'urn:d' });
  expect(parsed.ok && parsed.root.uri).toBe('urn:d');
});
