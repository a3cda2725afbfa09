// The IMSSubscription document of an implicit registration set, as Clearwater's provisioning writes it (backend.md §3):
// PrivateID `Unspecified`, each ServiceProfile as given with its PublicIdentity elements appended, and an empty
// InitialFilterCriteria where a profile has none. Schema: TS 29.228 annex E. Input was checked when it was provisioned.
import type { ProvisionedProfile, Subscriber } from '#libs/domain';

/** The document's root element alone: without XML declaration, comments and instructions around it. */
export const rootElement = (xml: string): string => {
  let start = 0;
  for (;;) {
    while (start < xml.length && xml.charCodeAt(start) <= 0x20) start++;
    if (xml.charCodeAt(start) === 0xfeff) start++;
    else if (xml.startsWith('<?', start)) start = after(xml, '?>', start);
    else if (xml.startsWith('<!--', start)) start = after(xml, '-->', start);
    else break;
  }
  let end = xml.trimEnd();
  for (;;) {
    if (end.endsWith('-->')) end = end.slice(0, end.lastIndexOf('<!--')).trimEnd();
    else if (end.endsWith('?>')) end = end.slice(0, end.lastIndexOf('<?')).trimEnd();
    else return end.slice(start);
  }
};

const after = (xml: string, mark: string, from: number): number => {
  const at = xml.indexOf(mark, from);
  return at < 0 ? xml.length : at + mark.length;
};

const serviceProfileElement = ({ filterCriteriaXml, publicIdentities }: ProvisionedProfile): string => {
  const identities = publicIdentities.map(({ xml }) => xml).join('');
  if (filterCriteriaXml === undefined) {
    return `<ServiceProfile><InitialFilterCriteria/>${identities}</ServiceProfile>`;
  }
  const element = rootElement(filterCriteriaXml);
  const close = element.lastIndexOf('</');
  if (close >= 0) return `${element.slice(0, close)}${identities}${element.slice(close)}`;
  // A profile without children may be one self-closing tag.
  const [, name = 'ServiceProfile'] = /^<([^\s/>]+)/.exec(element) ?? [];
  return `${element.slice(0, -2).trimEnd()}>${identities}</${name}>`;
};

export const imsSubscriptionXml = (state: Subscriber): string =>
  `<IMSSubscription><PrivateID>Unspecified</PrivateID>${state.serviceProfiles
    .map(serviceProfileElement)
    .join('')}</IMSSubscription>`;
