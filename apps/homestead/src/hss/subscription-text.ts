// User-Data of the HSS as this core keeps and passes it on: the IMSSubscription element without prolog and namespace prefixes, and the
// identities of the set (backend.md §1.1, TS 29.228 Annex E). Read by hss-homestead.ts and pushes.ts. Pure.
import { impusOf, parseImsSubscription } from '#libs/homestead-client';

export type ReceivedSubscription = Readonly<{
  xml: string;
  /** Of the set, the default one first; empty: nothing to keep. A wildcarded set is known by its wildcard. */
  impus: readonly string[];
  /** PrivateID, where the HSS gave one. */
  privateId: string | undefined;
}>;

/** The element alone: what stands around it would make the answer no XML. Prefixes are dropped, as names are compared without. */
const elementOf = (xml: string): string | undefined => {
  const [, prefix = ''] = /<([A-Za-z_][\w.-]*:)?IMSSubscription[\s/>]/.exec(xml) ?? [];
  const start = xml.search(new RegExp(`<${prefix}IMSSubscription[\\s/>]`));
  const close = `</${prefix}IMSSubscription>`;
  const end = xml.lastIndexOf(close);
  if (start < 0 || end < start) return undefined;
  const element = xml.slice(start, end + close.length);
  return prefix === '' ? element : element.replaceAll(/(<\/?)[A-Za-z_][\w.-]*:/g, '$1');
};

/** An HSS that knows nobody writes this (OpenIMSCore). */
const NO_PRIVATE_ID = 'null';

/** undefined: no IMSSubscription that can be read, which is the HSS's fault. */
export const readSubscription = (userData: Buffer | string): ReceivedSubscription | undefined => {
  const element = elementOf(userData.toString());
  const parsed = element === undefined ? undefined : parseImsSubscription(element);
  if (element === undefined || !parsed?.ok) return undefined;
  const identities = impusOf(parsed.value);
  // Where all are barred the first one stands for the set.
  const first = identities.find(({ barred }) => !barred) ?? identities[0];
  const others = identities.filter((one) => one !== first);
  const { privateId } = parsed.value;
  return {
    xml: element,
    impus: [...(first === undefined ? [] : [first]), ...others].map(({ impu }) => impu),
    privateId: privateId === NO_PRIVATE_ID ? undefined : privateId,
  };
};
