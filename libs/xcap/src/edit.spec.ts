// RFC 4825 §7.4–7.8, §8.2.1–8.2.4, §8.4: what a PUT and a DELETE of a node make of a document, byte for byte.
import fc from 'fast-check';
import { isAttValue } from './edit.js';
import { afterDelete, afterPut, got, sourceOf } from './xcap.fixture.js';

const doc = (inner: string): string => `<?xml version="1.0"?>\n<root>${inner}</root>`;
const ROOT = doc(`
 <el1 att="first"/>
 <el1 att="second"/>
 <!-- comment -->
 <el2 att="first"/>
`);

describe('§8.2.3 creation of elements', () => {
  it.each([
    ['root/el1[@att="third"]', '<el1 att="third"/>', '\n <el1 att="first"/>\n <el1 att="second"/><el1 att="third"/>\n <!-- comment -->\n <el2 att="first"/>\n'],
    ['root/el1[3][@att="third"]', '<el1 att="third"/>', '\n <el1 att="first"/>\n <el1 att="second"/><el1 att="third"/>\n <!-- comment -->\n <el2 att="first"/>\n'],
    ['root/*[3][@att="third"]', '<el1 att="third"/>', '\n <el1 att="first"/>\n <el1 att="second"/><el1 att="third"/>\n <!-- comment -->\n <el2 att="first"/>\n'],
    ['root/el3', '<el3 att="first"/>', '\n <el1 att="first"/>\n <el1 att="second"/>\n <!-- comment -->\n <el2 att="first"/>\n<el3 att="first"/>'],
    ['root/el2[@att="2"]', '<el2 att="2"/>', '\n <el1 att="first"/>\n <el1 att="second"/>\n <!-- comment -->\n <el2 att="first"/><el2 att="2"/>\n'],
    ['root/el2[2][@att="2"]', '<el2 att="2"/>', '\n <el1 att="first"/>\n <el1 att="second"/>\n <!-- comment -->\n <el2 att="first"/><el2 att="2"/>\n'],
    ['root/*[2][@att="2"]', '<el2 att="2"/>', '\n <el1 att="first"/><el2 att="2"/>\n <el1 att="second"/>\n <!-- comment -->\n <el2 att="first"/>\n'],
    ['root/el2[1][@att="2"]', '<el2 att="2"/>', '\n <el1 att="first"/>\n <el1 att="second"/>\n <!-- comment -->\n <el2 att="2"/><el2 att="first"/>\n'],
    ['root/*[1][@att="2"]', '<el2 att="2"/>', '\n <el2 att="2"/><el1 att="first"/>\n <el1 att="second"/>\n <!-- comment -->\n <el2 att="first"/>\n'],
    ['root/*[@att="2"]', '<el2 att="2"/>', '\n <el1 att="first"/>\n <el1 att="second"/>\n <!-- comment -->\n <el2 att="first"/>\n<el2 att="2"/>'],
    ['root/el3[1]', '<el3/>', '\n <el1 att="first"/>\n <el1 att="second"/>\n <!-- comment -->\n <el2 att="first"/>\n<el3/>'],
  ])('%s of %s', (selector, body, expected) => {
    expect(afterPut(ROOT, selector, body)).toBe(doc(expected));
    expect(got(doc(expected), selector)).toBe(body);
  });

  it.each([
    ['an empty element', 'root/a/b', '<b/>', '<root><a></a></root>', '<root><a><b/></a></root>'],
    ['an element written as one tag', 'root/a/b', '<b/>', '<root><a x="/" /></root>', '<root><a x="/"><b/></a></root>'],
    ['text', 'root/b', '<b/>', '<root> text </root>', '<root> text <b/></root>'],
  ])('goes into %s', (_name, selector, body, before, after) => {
    expect(afterPut(before, selector, body)).toBe(after);
  });

  it.each(['constructor', '__proto__', 'toString', 'valueOf'])('knows the prefix %s where it is declared', (prefix) => {
    const before = `<root xmlns:${prefix}="urn:x"><a/></root>`;
    const body = `<${prefix}:b/>`;
    const query = `xmlns(p=urn:x)`;
    expect(afterPut(before, 'root/p:b', body, { query })).toBe(before.replace('</root>', `${body}</root>`));
    expect(got(before, 'root/namespace::*')).toBe(`<root xmlns:${prefix}="urn:x"/>`);
  }); // prettier-ignore

  it('keeps the declarations of what is put, redundant ones too', () => {
    const body = '<n:b xmlns:n="urn:n"><n:c xmlns:n="urn:n"/></n:b>';
    expect(afterPut('<a xmlns:n="urn:n"/>', 'a/n:b', body, { query: 'xmlns(n=urn:n)' })).toBe(`<a xmlns:n="urn:n">${body}</a>`);
  });

  it('reads prefixes as they are where it goes', () => {
    expect(afterPut('<a xmlns:n="urn:n"/>', 'a/m:b', '<n:b/>', { query: 'xmlns(m=urn:n)' })).toBe('<a xmlns:n="urn:n"><n:b/></a>');
    expect(afterPut('<a/>', 'a/m:b', '<n:b/>', { query: 'xmlns(m=urn:n)' })).toBe('409 not-xml-frag');
  });

  it.each([
    ['§7.4: another attribute value than the selector names', 'root/el1[@att="good"]', '<el1 att="bad"/>'],
    ['another name', 'root/el4', '<el1/>'],
    ['a place too far', 'root/el1[4][@att="x"]', '<el1 att="x"/>'],
    ['a place too far among all', 'root/*[5][@att="x"]', '<el1 att="x"/>'],
    ['a first one that is the third', 'root/el3[3]', '<el3/>'],
    ['what would be one of many', 'root/el1', '<el1 att="x"/>'],
    ['place 0', 'root/el1[0]', '<el1/>'],
    ['another root', 'other', '<other/>'],
  ])('refuses %s: cannot-insert', (_name, selector, body) => {
    expect(afterPut(ROOT, selector, body)).toBe('409 cannot-insert');
  });

  it.each([
    ['nothing', ''],
    ['text', 'x'],
    ['two elements', '<el3/><el3/>'],
    ['text beside it', 'x<el3/>'],
    ['what closes its parent', '</root><root><el3/>'],
    ['a tag that does not end', '<el3>'],
    ['a comment beside it', '<!-- --><el3/>'],
    ['a declaration', '<?xml version="1.0"?><el3/>'],
    ['a document type', '<!DOCTYPE el3><el3/>'],
    ['an entity of its own', '<el3>&x;</el3>'],
    ['an attribute twice', '<el3 a="" a=""/>'],
  ])('§8.2.2 refuses %s: not-xml-frag', (_name, body) => {
    expect(afterPut(ROOT, 'root/el3', body)).toBe('409 not-xml-frag');
  });

  it('§8.2.1: no parent', () => {
    expect(afterPut(ROOT, 'root/el5/el6', '<el6/>')).toBe('409 no-parent');
    expect(afterPut(ROOT, 'root/el1/el6', '<el6/>')).toBe('409 no-parent');
    expect(afterPut(ROOT, 'root/el5/@a', '"x"')).toBe('409 no-parent');
  });
}); // prettier-ignore

describe('§8.2.4 replacement of elements', () => {
  it('replaces the whole element and nothing beside it', () => {
    expect(afterPut(ROOT, 'root/el1[2]', '<el1 new="1"><x/></el1>')).toBe(ROOT.replace('<el1 att="second"/>', '<el1 new="1"><x/></el1>'));
    expect(afterPut(ROOT, 'root', '<root/>')).toBe('<?xml version="1.0"?>\n<root/>');
  });
  it('refuses what the selector would not take any more: cannot-insert', () => {
    expect(afterPut(ROOT, 'root/el1[@att="first"]', '<el1 att="other"/>')).toBe('409 cannot-insert');
    expect(afterPut(ROOT, 'root/el1[1]', '<el2/>')).toBe('409 cannot-insert');
  });
}); // prettier-ignore

describe('§7.7 attributes', () => {
  it.each([
    ['creates', 'root/el2/@new', '"1"', ROOT.replace('<el2 att="first"/>', '<el2 att="first" new="1"/>')],
    ['replaces, with the quotes it came in', 'root/el2/@att', "'2'", ROOT.replace('<el2 att="first"/>', "<el2 att='2'/>")],
    ['keeps references', 'root/el2/@att', '"&lt;&#65;"', ROOT.replace('<el2 att="first"/>', '<el2 att="&lt;&#65;"/>')],
    ['refuses to change what selects it', 'root/el2[@att="first"]/@att', '"2"', '409 cannot-insert'],
    ['takes no namespace declaration for one', 'root/el2/@xmlns', '"urn:x"', '409 cannot-insert'],
  ])('%s: %s = %s', (_name, selector, body, expected) => {
    expect(afterPut(ROOT, selector, body)).toBe(expected);
  });

  it.each(['x', '', '"', '"a"b"', '"<"', '"&x;"', '"&"', '\'a"'])('refuses %s, which is no value', (body) => {
    expect(afterPut(ROOT, 'root/el2/@att', body)).toBe('409 not-xml-att-value');
  });

  it('writes the prefix of the document, or declares one', () => {
    const query = 'xmlns(p=urn:p)';
    expect(afterPut('<a xmlns:q="urn:p"><b/></a>', 'a/b/@p:x', '"1"', { query })).toBe('<a xmlns:q="urn:p"><b q:x="1"/></a>');
    expect(afterPut('<a><b/></a>', 'a/b/@p:x', '"1"', { query })).toBe('<a><b xmlns:p="urn:p" p:x="1"/></a>');
    expect(afterPut('<a xmlns:p="urn:q"><b><p:c/></b></a>', 'a/b/@p:x', '"1"', { query })).toBe('<a xmlns:p="urn:q"><b xmlns:ns1="urn:p" ns1:x="1"><p:c/></b></a>');
    expect(afterPut('<a/>', 'a/@xml:lang', '"de"')).toBe('<a xml:lang="de"/>');
  });
}); // prettier-ignore

describe('§8.4, §7.5 deletion', () => {
  it.each([
    ['an element; white space stays', 'root/el1[@att="first"]', ROOT.replace('<el1 att="first"/>', '')],
    ['the last of its name by place', 'root/el1[2]', ROOT.replace('<el1 att="second"/>', '')],
    ['the last of all by place', 'root/*[3]', ROOT.replace('<el2 att="first"/>', '')],
    ['an attribute', 'root/el2/@att', ROOT.replace('<el2 att="first"/>', '<el2/>')],
    ['an attribute that selects its element', 'root/el1[@att="first"]/@att', ROOT.replace('<el1 att="first"/>', '<el1/>')],
    ['one that is followed by its like: cannot-delete', 'root/el1[1]', '409 cannot-delete'],
    ['one of all that is followed: cannot-delete', 'root/*[2]', '409 cannot-delete'],
    ['the root', 'root', '409 schema-validation-error'],
    ['nothing', 'root/el9', '404'],
    ['more than one', 'root/el1', '404'],
    ['an attribute that is not there', 'root/@x', '404'],
  ])('of %s', (_name, selector, expected) => {
    expect(afterDelete(ROOT, selector)).toBe(expected);
  });
}); // prettier-ignore

describe('idempotence (§7.4, §7.5, §7.7)', () => {
  const name = fc.constantFrom('a', 'b', 'c');
  const value = fc.constantFrom('1', '2', 'x y');
  const element = fc.letrec<{ one: string }>((tie) => ({
    one: fc
      .tuple(name, fc.option(value), fc.array(fc.oneof({ depthSize: 'small' }, fc.constantFrom('', ' ', 'text', '<!-- <a> -->', '<?p a?>'), tie('one')), { maxLength: 4 }))
      .map(([tag, id, inner]) => {
        const attribute = id === null ? '' : ` id='${id}'`;
        return inner.length === 0 ? `<${tag}${attribute}/>` : `<${tag}${attribute}>${inner.join('')}</${tag}>`;
      }),
  })).one;
  const step = fc
    .tuple(fc.constantFrom('a', 'b', 'c', '*'), fc.option(fc.integer({ min: 1, max: 4 })), fc.option(value))
    .map(([tag, position, id]) => tag + (position === null ? '' : `[${position}]`) + (id === null ? '' : `[@id="${id}"]`));
  const selector = fc.array(step, { minLength: 0, maxLength: 3 }).map((steps) => ['*', ...steps].join('/'));
  const refused = (text: string): boolean => /^40[49]/.test(text);

  it('a GET after a PUT shows what was put, and the same PUT again changes nothing', () => {
    let held = 0;
    fc.assert(
      fc.property(element, selector, element, (xml, text, body) => {
        const after = afterPut(xml, text, body);
        if (refused(after)) return;
        held += 1;
        expect(got(after, text)).toBe(body);
        expect(afterPut(after, text, body)).toBe(after);
      }),
      { numRuns: 2_000 },
    );
    expect(held).toBeGreaterThan(100);
  });

  it('a GET after a DELETE finds nothing, nor does the same DELETE again', () => {
    let held = 0;
    fc.assert(
      fc.property(element, selector, fc.boolean(), (xml, text, isAttribute) => {
        const node = isAttribute ? `${text}/@id` : text;
        const after = afterDelete(xml, node);
        if (refused(after)) return;
        held += 1;
        expect(got(after, node)).toBe('no-match');
        expect(afterDelete(after, node)).toBe('404');
      }),
      { numRuns: 2_000 },
    );
    expect(held).toBeGreaterThan(50);
  });

  it('an attribute put is an attribute got, and the rest of the text stays', () => {
    const attribute = fc.tuple(fc.constantFrom('"', "'"), fc.string()).map(([quote, text]) => quote + text + quote);
    fc.assert(
      fc.property(element, selector, attribute, (xml, text, body) => {
        const after = afterPut(xml, `${text}/@new`, body);
        if (refused(after)) return;
        expect(isAttValue(body)).toBe(true);
        expect(got(after, `${text}/@new`)).toBe(body);
        expect(after.replace(` new=${body}`, '')).toBe(xml);
        expect(afterDelete(after, `${text}/@new`)).toBe(xml);
      }),
      { numRuns: 1_000 },
    );
  });

  it('knows where every element stands', () => {
    fc.assert(
      fc.property(element, (xml) => {
        const text = `\ufeff<?xml version="1.0"?>\r\n<!-- \u{1f600} -->\r\n${xml}\n`;
        const { root } = sourceOf(text);
        expect(text.slice(root.start, root.end)).toBe(xml);
      }),
    );
  });
}); // prettier-ignore
