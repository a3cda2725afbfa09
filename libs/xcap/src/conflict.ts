// Detailed conflict reports (RFC 4825 §11): why a change was not made, as XML for the client. Pure.
// Written by edit.ts and by Homer's checks; sent with 409.

export const XCAP_ERROR_NAMESPACE = 'urn:ietf:params:xml:ns:xcap-error';

export type ConflictKind =
  | 'not-well-formed'
  | 'not-xml-frag'
  | 'not-xml-att-value'
  | 'not-utf-8'
  | 'cannot-insert'
  | 'cannot-delete'
  | 'schema-validation-error'
  | 'constraint-failure';

/** A value that has to be unique and is not: where it stands, and values that are free. */
export type NotUnique = Readonly<{ field: string; alternatives: readonly string[] }>;

export type Conflict = Readonly<
  { phrase?: string } & (
    | { kind: ConflictKind }
    /** `ancestor`: URI of the closest place that is there. */
    | { kind: 'no-parent'; ancestor?: string }
    | { kind: 'uniqueness-failure'; exists: readonly NotUnique[] }
  )
>;

/** A phrase is for people: longer ones are cut. */
export const PHRASE_CHARACTERS_MAX = 500;

/** Characters that XML forbids, and markup, do not get into a report. */
const escaped = (text: string): string =>
  text
    .replace(/[^\t\n\r\u0020-\ud7ff\ue000-\ufffd]/g, '?')
    .replace(/&/g, '&amp;')
    .replace(/</g, '&lt;')
    .replace(/>/g, '&gt;')
    .replace(/"/g, '&quot;');

const contentOf = (conflict: Conflict): string => {
  switch (conflict.kind) {
    case 'no-parent':
      return conflict.ancestor === undefined ? '' : `<ancestor>${escaped(conflict.ancestor)}</ancestor>`;
    case 'uniqueness-failure':
      return conflict.exists
        .map(({ field, alternatives }) => {
          const values = alternatives.map((value) => `<alt-value>${escaped(value)}</alt-value>`).join('');
          return `<exists field="${escaped(field)}">${values}</exists>`;
        })
        .join('');
    default:
      return '';
  }
};

/** The report as a document (RFC 4825 §11.2). */
export const conflictXml = (conflict: Conflict): string => {
  const { kind, phrase } = conflict;
  const said = phrase === undefined ? '' : ` phrase="${escaped(phrase.slice(0, PHRASE_CHARACTERS_MAX))}"`;
  return (
    `<?xml version="1.0" encoding="UTF-8"?>\n` +
    `<xcap-error xmlns="${XCAP_ERROR_NAMESPACE}"><${kind}${said}>${contentOf(conflict)}</${kind}></xcap-error>`
  );
};
