// ClearwaterRegData, the XML of reg-data answers (backend.md §1.1). The IMSSubscription in it is passed on as it stands, not
// parsed and rebuilt: whoever reads the profile parses it once a string. Written by Homestead, read by http.homestead.ts.
import { asRegistrationState } from './homestead-json.js';
import type { RegData } from './homestead.port.js';
import { child, children, parseXml, text, type Parsed, type XmlNode } from './xml-tree.js';

const escape = (value: string): string =>
  value.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');

const functions = (name: 'CCF' | 'ECF', addresses: readonly string[]): string =>
  addresses.map((address, i) => `<${name} priority="${i + 1}">${escape(address)}</${name}>`).join('');

export const regDataToXml = ({
  state,
  previousState,
  imsSubscriptionXml,
  chargingAddresses: { ccf, ecf },
}: RegData): string => {
  const previous =
    previousState === undefined
      ? ''
      : `<PreviousRegistrationState>${previousState}</PreviousRegistrationState>`;
  const charging =
    ccf.length + ecf.length === 0
      ? ''
      : `<ChargingAddresses>${functions('CCF', ccf)}${functions('ECF', ecf)}</ChargingAddresses>`;
  return (
    `<ClearwaterRegData><RegistrationState>${state}</RegistrationState>${previous}` +
    `${imsSubscriptionXml}${charging}</ClearwaterRegData>`
  );
};

const CLOSE = '</IMSSubscription>';

/** The subscription's own text; the element is not nested, and text in XML holds no `<`. */
const subscriptionOf = (xml: string): string | undefined => {
  const start = xml.search(/<IMSSubscription[\s/>]/);
  const end = xml.lastIndexOf(CLOSE);
  return start < 0 || end < start ? undefined : xml.slice(start, end + CLOSE.length);
};

const addresses = (charging: XmlNode | undefined, name: string): string[] => {
  const value = charging?.[name];
  // In the order of the document, which is that of their priorities.
  return typeof value === 'object' ? value.filter((item) => typeof item === 'string') : [];
};

export const regDataFromXml = (xml: string): Parsed<RegData> => {
  const parsed = parseXml(xml);
  if (!parsed.ok) return parsed;
  const root = child(parsed.value, 'ClearwaterRegData');
  const state = root && asRegistrationState(text(root, 'RegistrationState'));
  if (!root || !state) return { ok: false, reason: 'no ClearwaterRegData with a RegistrationState' };
  const imsSubscriptionXml = subscriptionOf(xml);
  // A deregistration is answered without a profile when Homestead has none left.
  if (imsSubscriptionXml === undefined && children(root, 'IMSSubscription').length > 0) {
    return { ok: false, reason: 'IMSSubscription cannot be told apart' };
  }
  const previousState = asRegistrationState(text(root, 'PreviousRegistrationState'));
  const charging = child(root, 'ChargingAddresses');
  return {
    ok: true,
    value: {
      state,
      ...(previousState === undefined ? {} : { previousState }),
      imsSubscriptionXml: imsSubscriptionXml ?? '',
      chargingAddresses: { ccf: addresses(charging, 'CCF'), ecf: addresses(charging, 'ECF') },
    },
  };
};
