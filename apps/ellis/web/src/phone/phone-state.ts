// The state of the phone in the page, for whoever shows it: the phone's page and the bar that every page has. The phone itself, and with it
// JsSIP, is loaded when it is first wanted (sip-phone.ts). One phone a tab.
import { useEffect, useState } from 'preact/hooks';
import type { Phone, PhoneCredentials, PhoneState } from './phone-model.js';

const OFF: PhoneState = {
  sipUri: undefined,
  registration: 'off',
  fault: '',
  refused: false,
  call: undefined,
};

let state = OFF;
let phone: Phone | undefined;
let turn = 0;
const listeners = new Set<(state: PhoneState) => void>();

const change = (part: Partial<PhoneState>): void => {
  state = { ...state, ...part };
  for (const listener of listeners) listener(state);
};

export const phoneNow = (): Phone | undefined => phone;

/** Registers this line, in place of another. */
export const startPhone = async (credentials: PhoneCredentials, sockets: readonly string[]): Promise<void> => {
  stopPhone();
  const mine = turn;
  change({ ...OFF, sipUri: credentials.sipUri, registration: 'connecting' });
  try {
    const { createSipPhone } = await import('./sip-phone.js');
    // Meanwhile another line may have been chosen.
    if (mine !== turn) return;
    phone = createSipPhone({ credentials, sockets, read: () => state, change: (part) => mine === turn && change(part) });
  } catch {
    if (mine === turn) change({ registration: 'failed', fault: 'The phone could not be loaded. Load the page again.' });
  }
}; // prettier-ignore

export const stopPhone = (): void => {
  turn += 1;
  phone?.stop();
  phone = undefined;
  change(OFF);
};

/** The call that is over leaves the page. */
export const dismissCall = (): void => {
  if (state.call?.phase === 'over') change({ call: undefined });
};

export const usePhone = (): PhoneState => {
  const [shown, setShown] = useState(state);
  useEffect(() => {
    setShown(state);
    listeners.add(setShown);
    return () => void listeners.delete(setShown);
  }, []);
  return shown;
};
