// Kinds of documents that the operator adds by HOMER_USAGES_FILE: what refuses the start, and that they are served as the others are.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createFakeClock } from '#libs/testkit';
import { CONFIGURED_USAGES_MAX, proveSchemas, readConfiguredUsages } from './configured-usages.js';
import { conflictIn, createHomerFixture, type HomerFixture } from './homer.fixture.js';
import { createThreadValidator } from './schema/thread.schema-validator.js';

const NS = 'urn:ietf:params:xml:ns:pidf';
const SCHEMA = `<xsd:schema xmlns:xsd="http://www.w3.org/2001/XMLSchema" xmlns:p="${NS}" targetNamespace="${NS}" elementFormDefault="qualified">
  <!-- <xsd:element name="ghost"/> -->
  <xsd:include schemaLocation="tuple.xsd"/>
  <xsd:element name="presence"><xsd:complexType><xsd:sequence>
    <xsd:element ref="p:tuple" maxOccurs="unbounded"/>
    <xsd:any namespace="##other" processContents="lax" minOccurs="0"/>
  </xsd:sequence><xsd:attribute name="entity" type="xsd:anyURI" use="required"/></xsd:complexType></xsd:element>
</xsd:schema>`;
const TUPLE = `<xs:schema xmlns:xs='http://www.w3.org/2001/XMLSchema' targetNamespace='${NS}' elementFormDefault='qualified'>
  <xs:element name='tuple'><xs:complexType><xs:sequence><xs:element
    name='basic' type='xs:string'/></xs:sequence><xs:attribute name='id' type='xs:ID' use='required'/></xs:complexType></xs:element>
</xs:schema>`;
const PIDF = {
  auid: 'pidf-manipulation',
  namespace: NS,
  mimeType: 'application/pidf+xml',
  schemas: ['pidf.xsd', 'tuple.xsd'],
};

let folder: string;
const file = () => path.join(folder, 'usages.json');
const put = (name: string, text: string) => writeFileSync(path.join(folder, name), text);
const describeUsages = (...usages: readonly object[]) => put('usages.json', JSON.stringify({ usages }));
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'usages-'));
  put('pidf.xsd', SCHEMA);
  put('tuple.xsd', TUPLE);
});
afterEach(() => rmSync(folder, { recursive: true }));

describe('the file', () => {
  it('is none, or describes each kind', () => {
    expect(readConfiguredUsages('')).toEqual([]);
    describeUsages(PIDF, { auid: 'notes', namespace: 'urn:notes', mimeType: 'application/notes+xml', document: 'notes.xml' });
    expect(readConfiguredUsages(file())).toMatchObject([
      { auid: 'pidf-manipulation', names: ['pidf-manipulation'], document: 'index', schemas: [{ namespace: NS }, { namespace: NS }] },
      { auid: 'notes', document: 'notes.xml', schemas: [] },
    ]);
  });

  it.each([
    ['no object', [], 'must be object'],
    ['an entry without a type', { usages: [{ auid: 'a', namespace: 'n' }] }, "must have required property 'mimeType'"],
    ['a name that is a path', { usages: [{ ...PIDF, auid: '../a' }] }, '/usages/0/auid must match pattern'],
    ['a schema elsewhere', { usages: [{ ...PIDF, schemas: ['../pidf.xsd'] }] }, '/usages/0/schemas/0 must match pattern'],
    ['a schema that is not there', { usages: [{ ...PIDF, schemas: ['gone.xsd'] }] }, 'no such file'],
    ['a schema of something else', { usages: [{ ...PIDF, namespace: 'urn:other' }] }, `pidf.xsd describes ${NS}, not urn:other`],
    ['a kind that is built in', { usages: [{ ...PIDF, auid: 'resource-lists' }] }, 'resource-lists is there already'],
    ['the capabilities', { usages: [{ ...PIDF, auid: 'xcap-caps' }] }, 'xcap-caps is there already'],
    ['one kind twice', { usages: [PIDF, PIDF] }, 'pidf-manipulation is there already'],
    ['more than there may be', { usages: Array.from({ length: CONFIGURED_USAGES_MAX + 1 }, (_, n) => ({ ...PIDF, auid: `a${n}` })) }, 'must NOT have more than'],
  ])('refuses the start with %s', (_what, content, reason) => {
    put('usages.json', JSON.stringify(content));
    expect(() => readConfiguredUsages(file())).toThrow(reason);
  }); // prettier-ignore

  it('refuses the start where it is no JSON, and where it is not there', () => {
    put('usages.json', '{');
    expect(() => readConfiguredUsages(file())).toThrow(`HOMER_USAGES_FILE ${file()}: SyntaxError`);
    expect(() => readConfiguredUsages(path.join(folder, 'gone.json'))).toThrow('no such file');
  });

  it('refuses the start where a schema is none', async () => {
    const validator = createThreadValidator(createFakeClock());
    describeUsages(PIDF);
    await proveSchemas(file(), readConfiguredUsages(file()), validator);
    put('tuple.xsd', TUPLE.replace('xs:string', 'xs:strange'));
    await expect(proveSchemas(file(), readConfiguredUsages(file()), validator)).rejects.toThrow('pidf-manipulation');
    await validator.close();
  });
}); // prettier-ignore

describe('a document of such a kind', () => {
  let homer: HomerFixture;
  beforeEach(async () => {
    describeUsages(PIDF);
    homer = await createHomerFixture({ usages: readConfiguredUsages(file()) });
  });
  afterEach(() => homer.close());

  const URL = '/pidf-manipulation/users/sip:alice@ims.test/index';
  const document = (inner: string) =>
    `<presence xmlns="${NS}" entity="sip:alice@ims.test">${inner}</presence>`;
  const OPEN = '<tuple id="a"><basic>open</basic></tuple>';
  const set = (body: string, type = 'application/pidf+xml', headers = {}) =>
    homer.ask('PUT', URL, { body, type, headers });

  it('is kept, read, changed in part and removed as the others are', async () => {
    expect(await set(document(OPEN))).toMatchObject({ status: 201, etag: '"1"' });
    const basic = `${URL}/~~/presence/tuple%5b@id=%22a%22%5d/basic`;
    const closed = { body: '<basic>closed</basic>', type: 'application/xcap-el+xml' };
    expect(await homer.ask('PUT', basic, closed)).toMatchObject({ status: 200, etag: '"2"' });
    expect(await homer.ask('GET', URL)).toMatchObject({ status: 200, type: 'application/pidf+xml' });
    expect(await set(document(OPEN), undefined, { 'if-match': '"1"' })).toMatchObject({ status: 412 });
    const capabilities = await homer.ask('GET', '/xcap-caps/global/index');
    expect(capabilities.text).toContain('<auid>pidf-manipulation</auid>');
    expect(capabilities.text.split(`<namespace>${NS}</namespace>`)).toHaveLength(2);
    const without = await createHomerFixture();
    expect((await without.ask('GET', '/xcap-caps/global/index')).etag).not.toBe(capabilities.etag);
    await without.close();
    expect((await homer.ask('DELETE', URL)).status).toBe(200);
    expect((await homer.ask('GET', URL)).status).toBe(404);
  });

  it('is held to its schemas, all of them', async () => {
    for (const wrong of ['', '<tuple/>', `${OPEN}<ghost/>`, `${OPEN}<open/>`])
      expect(conflictIn((await set(document(wrong))).text)).toBe('schema-validation-error');
    expect((await set(document(`${OPEN}<n:note xmlns:n="urn:n"/>`))).status).toBe(201);
    expect((await set(document(OPEN), 'text/plain')).status).toBe(415);
  });
});
