// Documents of users on the running product, by XCAP as a service asks for them. Used by lines about telephony services and XCAP.
import { API_KEY, type Site, urlOf } from './product.js';

export type XcapAnswer = Readonly<{ status: number; etag: string; body: string }>;

export type XcapAsk = Readonly<{ body?: string | Uint8Array<ArrayBuffer>; type?: string; headers?: Readonly<Record<string, string>> }>; // prettier-ignore

export const askHomer = async (
  site: Site,
  method: string,
  path: string,
  { body, type = 'application/vnd.etsi.simservs+xml', headers = {} }: XcapAsk = {},
): Promise<XcapAnswer> => {
  const response = await fetch(`${urlOf(site, 'HOMER_PORT')}${path}`, {
    method,
    headers: { 'X-API-Key': API_KEY, ...(body === undefined ? {} : { 'Content-Type': type }), ...headers },
    ...(body === undefined ? {} : { body }),
  });
  return { status: response.status, etag: response.headers.get('etag') ?? '', body: await response.text() };
};

export const simservsPath = (impu: string): string =>
  `/simservs.ngn.etsi.org/users/${encodeURIComponent(impu)}/simservs.xml`;

/** Services as elements of the document, rules in `cp:ruleset`. */
export const simservsXml = (services: string): string =>
  `<simservs xmlns="http://uri.etsi.org/ngn/params/xml/simservs/xcap" xmlns:cp="urn:ietf:params:xml:ns:common-policy">${services}</simservs>`;

/** One rule, as the services have them. */
export const ruleXml = (conditions: string, actions: string, id = 'r'): string =>
  `<cp:ruleset><cp:rule id="${id}"><cp:conditions>${conditions}</cp:conditions><cp:actions>${actions}</cp:actions></cp:rule></cp:ruleset>`;

/** Sets a user's telephony services; rejects when they are not taken. */
export const putSimservs = async (site: Site, impu: string, services: string): Promise<void> => {
  const path = simservsPath(impu);
  const { status, body } = await askHomer(site, 'PUT', path, { body: simservsXml(services) });
  if (status >= 300) throw new Error(`PUT ${path}: ${status} ${body}`);
};
