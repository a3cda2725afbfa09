// User-Data: the IMSSubscription of a subscriber, TS 29.228 Annex E. Made of the identities, or taken from the file as it is. Pure.
import type { Subscriber } from './subscriber-file.js';

const escaped = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');

export const userDataOf = ({ impi, impus, barred, filterCriteria, userData }: Subscriber): string => {
  if (userData !== undefined) return userData;
  const identities = impus.map(
    (impu) =>
      `<PublicIdentity>${barred.has(impu) ? '<BarringIndication>1</BarringIndication>' : ''}<Identity>${escaped(impu)}</Identity></PublicIdentity>`,
  );
  return `<?xml version="1.0" encoding="UTF-8"?><IMSSubscription><PrivateID>${escaped(impi)}</PrivateID><ServiceProfile>${identities.join('')}${filterCriteria}</ServiceProfile></IMSSubscription>`;
};

/** Somebody is to be told also when the user is not registered: the profile has criteria (TS 29.228 §6.1.4). */
export const hasUnregisteredServices = (subscriber: Subscriber): boolean =>
  userDataOf(subscriber).includes('<InitialFilterCriteria>');
