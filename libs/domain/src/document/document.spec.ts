// Documents: given what was written, when it is written or removed again, then this happens and nothing twice.
import { specFor } from '#libs/testkit';
import { DOCUMENT_LENGTH_MAX, type DocumentEvent, documentId, userDocument } from './document.js';

const NAME = { impu: 'sip:alice@ims.test', auid: 'org.etsi.ngn.simservs' };
const changed = (xml: string): DocumentEvent => ({ type: 'DocumentChanged', data: { ...NAME, xml } });
const removed: DocumentEvent = { type: 'DocumentRemoved', data: NAME };
const change = (xml: string) => ({ type: 'ChangeDocument', data: { ...NAME, xml } }) as const;
const remove = { type: 'RemoveDocument', data: NAME } as const;
const given = specFor(userDocument);

it('keeps a document as it was given', () => given().when(change('<a/>')).then(changed('<a/>')));
it('does nothing for the same document again', () =>
  given(changed('<a/>')).when(change('<a/>')).thenNothing());
it('replaces a document', () => given(changed('<a/>')).when(change('<b/>')).then(changed('<b/>')));
it('removes one that there is', () => given(changed('<a/>')).when(remove).then(removed));
it('refuses to remove one that there is not', () =>
  given(changed('<a/>'), removed).when(remove).thenRefused('UnknownDocument'));
it('takes a removed one again', () =>
  given(changed('<a/>'), removed).when(change('<a/>')).then(changed('<a/>')));
it('refuses what is too long', () =>
  given()
    .when(change('x'.repeat(DOCUMENT_LENGTH_MAX + 1)))
    .thenRefused('DocumentTooLong'));

it('is named by its user and its usage', () => {
  expect(documentId(NAME)).toBe('sip:alice@ims.test/org.etsi.ngn.simservs');
});
