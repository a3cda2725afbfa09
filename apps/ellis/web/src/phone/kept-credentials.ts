// The credentials of the phone in the page: never the password, only the digest of it that SIP asks for (HA1, RFC 2617 §3.2.2.2), in this
// tab, or in this browser when asked to. Written by the dialog of credentials and the phone's page; read by the phone.
import type { Line } from '../api/contract.js';
import type { PhoneCredentials } from './phone-model.js';

/** Its code did not come. */
export const PHONE_MISSING = 'The phone could not be loaded. Are you online? Load the page again.';

const keyOf = (sipUri: string): string => `phone:${sipUri}`;

const parsed = (text: string | null): PhoneCredentials | undefined => {
  try {
    const { sipUri, privateId, realm, ha1 } = JSON.parse(text ?? 'null') as Partial<PhoneCredentials>;
    if (typeof sipUri !== 'string' || typeof privateId !== 'string') return undefined;
    return typeof realm === 'string' && typeof ha1 === 'string'
      ? { sipUri, privateId, realm, ha1 }
      : undefined;
  } catch {
    return undefined;
  }
};

export const keptCredentials = (sipUri: string): PhoneCredentials | undefined =>
  parsed(sessionStorage.getItem(keyOf(sipUri))) ?? parsed(localStorage.getItem(keyOf(sipUri)));

/** `remember`: also after this tab is closed. */
export const keepForPhone = async (
  line: Pick<Line, 'sip_uri' | 'private_id'>,
  realm: string,
  password: string,
  { remember = false } = {},
): Promise<PhoneCredentials> => {
  const { ha1Of } = await import('./sip-phone.js');
  const { sip_uri: sipUri, private_id: privateId } = line;
  const made = { sipUri, privateId, realm, ha1: ha1Of(privateId, realm, password) };
  (remember ? localStorage : sessionStorage).setItem(keyOf(sipUri), JSON.stringify(made));
  return made;
};

/** Of every line: who signs out leaves nothing behind. */
export const forgetAllCredentials = (): void => {
  for (const storage of [sessionStorage, localStorage])
    for (const key of Object.keys(storage)) if (key.startsWith(keyOf(''))) storage.removeItem(key);
};

export const forgetCredentials = (sipUri: string): void => {
  sessionStorage.removeItem(keyOf(sipUri));
  localStorage.removeItem(keyOf(sipUri));
};
