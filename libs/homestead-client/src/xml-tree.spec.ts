import fc from 'fast-check';
import {
  attribute,
  child,
  children,
  childNames,
  has,
  parseXml,
  texts,
  XML_DEPTH_MAX,
  XML_LENGTH_MAX,
  type XmlValue,
} from './xml-tree.js';

const tree = (xml: string): unknown => {
  const parsed = parseXml(xml);
  return parsed.ok ? JSON.parse(JSON.stringify(parsed.value)) : parsed.reason;
};

describe('XML as a tree', () => {
  it.each([
    ['an empty element', '<a/>', { a: [''] }],
    ['an element with nothing in it', '<a></a >', { a: [''] }],
    ['text', '<a>x</a>', { a: ['x'] }],
    ['layout around text', '<a>\n  x y\t</a>', { a: ['x y'] }],
    ['children in order', '<a><b>1</b><c/><b>2</b></a>', { a: [{ b: ['1', '2'], c: [''] }] }],
    ['text beside children', '<a>x<b/>y</a>', { a: [{ b: [''], '#text': 'xy' }] }],
    ['prefixes', '<n:a xmlns:n="u"><n:b>1</n:b></n:a>', { a: [{ b: ['1'] }] }],
    ['attributes', `<a x="1>" y='"' z = "2"/>`, { a: [''] }],
    ['comments', '<!-- < --><a>x<!-- </a> -->y</a><!-- -->', { a: ['xy'] }],
    ['instructions', '<?xml version="1.0"?>\n<a><?p <x ?>x</a>', { a: ['x'] }],
    ['a byte order mark', '\ufeff<a/>', { a: [''] }],
    ['CDATA, its spaces kept', '<a> <![CDATA[ <b>&amp; ]]> </a>', { a: [' <b>&amp; '] }],
    ['CDATA beside text', '<a> x <![CDATA[ y ]]> z </a>', { a: ['x  y  z'] }],
    ['the five entities', '<a>&lt;&gt;&amp;&quot;&apos;</a>', { a: [`<>&"'`] }],
    ['characters by number', '<a>&#65;&#x42;&#x1F600;</a>', { a: ['AB\u{1F600}'] }],
    ['references are read once', '<a>&amp;lt;</a>', { a: ['&lt;'] }],
    ['names that objects have', '<a><toString>1</toString><constructor/></a>', { a: [{ toString: ['1'], constructor: [''] }] }],
  ])('takes %s', (_name, xml, expected) => {
    expect(tree(xml)).toEqual(expected);
  }); // prettier-ignore

  it.each([
    ['nothing', '', 'an element is expected (line 1)'],
    ['text alone', 'x', 'an element is expected (line 1)'],
    ['an element that does not end', '<a>\n<b></b>', 'a does not end (line 1)'],
    ['tags that cross', '<a>\n<b></a></b>', 'b is not ended here (line 2)'],
    ['an end tag that only begins alike', '<a></ab>', 'a is not ended here (line 1)'],
    ['two roots', '<a/><b/>', 'something follows the root element (line 1)'],
    ['text after the root', '<a/>x', 'something follows the root element (line 1)'],
    ['a document type', '<!DOCTYPE a><a/>', 'has a document type declaration'],
    ['entities of its own', '<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>', 'has a document type declaration'],
    ['a declaration inside', '<a><!ELEMENT b></a>', 'a declaration is not expected (line 1)'],
    ['an unknown entity', '<a>&nbsp;</a>', '&nbsp; means nothing (line 1)'],
    ['a bare ampersand', '<a>x & y</a>', '& means nothing (line 1)'],
    ['a number that is no character', '<a>&#0;</a>', '&#0; means nothing (line 1)'],
    ['half a surrogate pair', '<a>&#xD800;</a>', '&#xD800; means nothing (line 1)'],
    ['a character that XML forbids', '<a>\u0000</a>', 'has a character that XML forbids'],
    ['an attribute without a value', '<a b/>', 'an attribute without a value (line 1)'],
    ['an attribute without quotes', '<a b=c/>', 'an attribute without a value (line 1)'],
    ['markup in an attribute', '<a b="<"/>', 'an attribute without a value (line 1)'],
    ['an attribute that sticks to the name', '<a b="c"d="e"/>', 'a tag does not end (line 1)'],
    ['a tag that does not end', '<a', 'a tag does not end (line 1)'],
    ['a comment that does not end', '<a><!-- </a>', '--> is missing (line 1)'],
    ['CDATA that does not end', '<a><![CDATA[ </a>', ']]> is missing (line 1)'],
    ['a name that is none', '<1a/>', 'a name is expected (line 1)'],
    ['a prefix without a name', '<a:/>', 'a name is expected (line 1)'],
    ['space before a name', '< a/>', 'a name is expected (line 1)'],
  ])('refuses %s', (_name, xml, reason) => {
    expect(tree(xml)).toBe(reason);
  });

  it('is bounded in depth and length', () => {
    const nested = (depth: number): string => '<a>'.repeat(depth) + '</a>'.repeat(depth);
    expect(parseXml(nested(XML_DEPTH_MAX)).ok).toBe(true);
    expect(tree(nested(XML_DEPTH_MAX + 1))).toMatch(/^nested deeper than/);
    expect(parseXml(`<a>${' '.repeat(XML_LENGTH_MAX - 7)}</a>`).ok).toBe(true);
    expect(tree(`<a>${' '.repeat(XML_LENGTH_MAX - 6)}</a>`)).toMatch(/^longer than/);
  });

  it('names that every object has are names; the one that no object can hold is dropped', () => {
    const parsed = parseXml('<a><__proto__><x/></__proto__><x:__proto__>1</x:__proto__><b/></a>');
    const [root = {}] = parsed.ok ? children(parsed.value, 'a') : [];
    expect(Object.keys(root)).toEqual(['b']);
    expect(Object.getPrototypeOf(root)).toBe(Object.prototype);
    expect(has(root, 'x')).toBe(false);
    expect(has(root, 'toString')).toBe(false);
    expect(texts(root, 'hasOwnProperty')).toEqual([]);
    expect(parseXml('<__proto__/>')).toEqual({ ok: true, value: {} });
  });

  it('gives back any tree that is written', () => {
    const name = fc.constantFrom('a', 'B', 'c-d', 'e.f', '_g', 'ä', 'toString');
    const words = fc.string({ unit: 'grapheme-ascii' }).map((value) => value.trim());
    const { value } = fc.letrec<{ value: XmlValue }>((tie) => ({
      value: fc.oneof(
        { maxDepth: 4 },
        words,
        fc.array(fc.tuple(name, tie('value')), { minLength: 1, maxLength: 4 }).map((entries) => {
          const node: Record<string, XmlValue[]> = {};
          for (const [key, one] of entries)
            (Object.hasOwn(node, key) ? node[key] : (node[key] = []))?.push(one);
          return node;
        }),
      ),
    }));
    const escape = (one: string): string => one.replace(/[<&>"]/g, (char) => `&#${char.charCodeAt(0)};`);
    const write = (key: string, one: XmlValue): string => {
      if (typeof one === 'string') return `<${key}>${escape(one)}</${key}>`;
      const inside = Object.entries(one).flatMap(([child, values]) =>
        typeof values === 'object' ? values.map((each) => write(child, each)) : [],
      );
      return `<x:${key} at="1">\n${inside.join(' ')}</x:${key}>`;
    };
    fc.assert(
      fc.property(value, (one) => {
        expect(tree(`<?xml version="1.0"?>${write('root', one)}`)).toEqual({ root: [one] });
      }),
    );
  });

  it('never throws, and takes time linear in the text', () => {
    const piece = fc.constantFrom('<', '>', '/', 'a', '<a>', '</a>', '<a/>', '&', ';', '&amp;', '<!--', '-->', '<![CDATA[', ']]>', '<?', '?>', '"', "'", '=', ' ', '<!', 'x:'); // prettier-ignore
    fc.assert(
      fc.property(fc.array(piece).map((pieces) => pieces.join('')), fc.string(), (markup, noise) => {
        parseXml(markup);
        parseXml(`<a>${markup}${noise}</a>`);
      }),
      { numRuns: 2000 },
    ); // prettier-ignore
    // Quadratic readers take minutes for these.
    for (const part of ['<a ', '&', '<![CDATA[', '<!--', '<a>', '<a b="', '&#1', '<?'])
      expect(parseXml(`<a>${part.repeat(Math.floor(900_000 / part.length))}`).ok).toBe(false);
    const wide = `<a>${'<b/>x'.repeat(150_000)}</a>`;
    expect(parseXml(wide).ok).toBe(true);
  });
});

describe('attributes, where they are kept', () => {
  const XML = `<s xmlns="u" xmlns:c="v"><a active="false">x</a><c:b id='&amp;1' c:n="2"><d/></c:b><e/></s>`;
  const parsed = parseXml(XML, { attributes: true });
  const root = parsed.ok ? (child(parsed.value, 's') ?? {}) : {};

  it('are read beside text and children, references resolved, namespace declarations left out', () => {
    expect(JSON.parse(JSON.stringify(root))).toEqual({
      a: [{ '@active': 'false', '#text': 'x' }],
      b: [{ '@id': '&1', '@n': '2', d: [''] }],
      e: [''],
    });
    expect(texts(root, 'a')).toEqual(['x']);
    expect(attribute(child(root, 'a') ?? {}, 'active')).toBe('false');
    expect(attribute(child(root, 'e') ?? {}, 'active')).toBeUndefined();
    expect(childNames(child(root, 'b') ?? {})).toEqual(['d']);
  });

  it('are refused when they mean nothing', () => {
    expect(parseXml('<a b="&nbsp;"/>', { attributes: true }).ok).toBe(false);
    expect(parseXml('<a b/>', { attributes: true }).ok).toBe(false);
  });
});
