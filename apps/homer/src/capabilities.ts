// Documents that Homer writes itself: what it can do (xcap-caps, RFC 4825 §12), and which documents a user has (the directory, as of
// OMA XDM, TS 24.623 §5.4). Reader: homer.ts.
import { documentPath } from '#libs/xcap';
import type { Usage } from './usages.js';

export const CAPS_AUID = 'xcap-caps';
export const CAPS_NAMESPACE = 'urn:ietf:params:xml:ns:xcap-caps';
export const CAPS_MIME_TYPE = 'application/xcap-caps+xml';
export const DIRECTORY_AUID = 'org.openmobilealliance.xcap-directory';
export const DIRECTORY_NAMESPACE = 'urn:oma:xml:xdm:xcap-directory';
export const DIRECTORY_MIME_TYPE = 'application/vnd.oma.xcap-directory+xml';
export const DIRECTORY_DOCUMENT = 'directory.xml';

const escaped = (text: string): string =>
  text.replace(/&/g, '&amp;').replace(/</g, '&lt;').replace(/"/g, '&quot;');

const list = (name: string, item: string, values: readonly string[]): string =>
  `  <${name}>\n${values.map((value) => `    <${item}>${escaped(value)}</${item}>\n`).join('')}  </${name}>\n`;

export const capabilitiesXml = (usages: readonly Usage[]): string => {
  const namespaces = new Set([
    CAPS_NAMESPACE,
    DIRECTORY_NAMESPACE,
    ...usages.flatMap(({ namespace, schemas }) => [namespace, ...schemas.map((schema) => schema.namespace)]),
  ]);
  namespaces.delete('');
  return (
    `<?xml version="1.0" encoding="UTF-8"?>\n<xcap-caps xmlns="${CAPS_NAMESPACE}">\n` +
    list('auids', 'auid', [CAPS_AUID, DIRECTORY_AUID, ...usages.flatMap(({ names }) => names)]) +
    list('extensions', 'extension', []) +
    list('namespaces', 'namespace', [...namespaces]) +
    `</xcap-caps>\n`
  );
};

export type DirectoryEntry = Readonly<{ usage: Usage; tag: string; lastModifiedMs: number; size: number }>;

export const directoryXml = (xui: string, entries: readonly DirectoryEntry[]): string => {
  const folders = entries.map(({ usage, tag, lastModifiedMs, size }) => {
    const auid = usage.names[0] ?? usage.auid;
    const uri = documentPath({ auid, xui, path: [usage.document] });
    const modified = new Date(lastModifiedMs).toISOString();
    return (
      `  <folder auid="${escaped(auid)}">\n    <entry uri="${escaped(uri)}" etag="${escaped(tag)}" ` +
      `last-modified="${modified}" size="${size}"/>\n  </folder>\n`
    );
  });
  return `<?xml version="1.0" encoding="UTF-8"?>\n<xcap-directory xmlns="${DIRECTORY_NAMESPACE}">\n${folders.join('')}</xcap-directory>\n`;
};
