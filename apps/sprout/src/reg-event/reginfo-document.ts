// A registration information document (RFC 3680 §5, GRUUs by RFC 5628, with the extension of TS 24.229 Annex C.2 for wildcards declared): who is
// registered from where, as XML that is ASCII throughout. Pure. Reader: watched-registration.ts.
import { hash } from 'node:crypto';
import type { Binding } from '#libs/domain';
import { decodeUtf8, headerParams, quote } from '#libs/sip';
import { publicGruu } from '../gruu/gruus.js';

/** Events of RFC 3680 §4.7.1 that happen here. */
export type ContactEvent =
  | 'registered'
  | 'created'
  | 'refreshed'
  | 'shortened'
  | 'expired'
  | 'unregistered'
  | 'deactivated'
  | 'rejected';

export type ContactState = Readonly<{ binding: Binding; isActive: boolean; event: ContactEvent }>;

export type RegistrationDocument = Readonly<{
  version: number;
  state: 'full' | 'partial';
  /** One registration each. */
  identities: readonly string[];
  isActive: boolean;
  contacts: readonly ContactState[];
  nowMs: number;
}>;

const ESCAPES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&apos;',
};

/** XML 1.0 §2.2: characters that no document may have, not even escaped. */
const FORBIDDEN = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\ud800-\udfff\ufffe\uffff]/u;

/** Text of a SIP message (its bytes as characters) for an element or an attribute; what XML has no place for becomes U+FFFD. */
export const xmlText = (sipText: string): string =>
  decodeUtf8(sipText).replace(/[&<>"']|[^\x20-\x7e]/gu, (found) => {
    const escaped = ESCAPES[found];
    if (escaped !== undefined) return escaped;
    return FORBIDDEN.test(found) ? '&#xFFFD;' : `&#x${found.codePointAt(0)!.toString(16).toUpperCase()};`;
  });

const ID_CHARACTERS = 16;

/** The same for the same name always, whoever writes the document: 96 bits of a hash. */
const idOf = (kind: string, ...names: readonly string[]): string =>
  `${kind}${hash('sha256', names.join('\n'), 'base64url').slice(0, ID_CHARACTERS)}`;

const isToken = (text: string): boolean => /^[\w.!%*+`'~-]+$/.test(text);

const unknownParams = ({ params }: Binding): string =>
  headerParams(params)
    .map(([name, value]) => {
      const content = value === '' || isToken(value) ? value : quote(value);
      return `<unknown-param name="${xmlText(name)}">${xmlText(content)}</unknown-param>`;
    })
    .join('');

/** RFC 5628 §4: of a contact whose client knows GRUUs. Temporary ones are told nobody but the client itself, by the registrar. */
const publicGruuElement = ({ gruu, instance, emergency }: Binding, identity: string): string => {
  if (gruu !== true || instance === undefined || emergency === true) return '';
  const uri = publicGruu(identity, instance);
  return uri === undefined ? '' : `<gr:pub-gruu uri="${xmlText(uri)}"/>`;
};

const contactElement = (
  { binding, isActive, event }: ContactState,
  identity: string,
  nowMs: number,
): string => {
  const { bindingId, contact, callId, cseq, q, expiresAtMs } = binding;
  // Ids are unique in the document, and a binding is in the registration of each identity.
  const id = idOf('c', identity, bindingId, contact);
  const expires = isActive ? ` expires="${Math.max(0, Math.ceil((expiresAtMs - nowMs) / 1000))}"` : '';
  return (
    `<contact id="${id}" state="${isActive ? 'active' : 'terminated'}" event="${event}"${expires}` +
    `${q === 1 ? '' : ` q="${q}"`} callid="${xmlText(callId)}" cseq="${cseq}">` +
    `<uri>${xmlText(contact)}</uri>${unknownParams(binding)}${publicGruuElement(binding, identity)}</contact>`
  );
};

/** The document as text. */
export const reginfoDocument = (document: RegistrationDocument): string => {
  const { version, state, identities, isActive, contacts, nowMs } = document;
  const registrations = identities.map(
    (identity) =>
      `<registration aor="${xmlText(identity)}" id="${idOf('r', identity)}" state="${isActive ? 'active' : 'terminated'}">` +
      `${contacts.map((contact) => contactElement(contact, identity, nowMs)).join('')}</registration>`,
  );
  return (
    `<?xml version="1.0"?>\r\n<reginfo xmlns="urn:ietf:params:xml:ns:reginfo" xmlns:gr="urn:ietf:params:xml:ns:gruuinfo" ` +
    `xmlns:ere="urn:3gpp:ns:extRegExp:1.0" version="${version}" state="${state}">${registrations.join('')}</reginfo>\r\n`
  );
};
