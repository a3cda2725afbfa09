// The state of the phone in the page, for whoever shows it: the phone's page and the bar that every page has. The phone itself, and with it
// JsSIP, is loaded when it is first wanted (sip-phone.ts). One phone a tab.
import { useEffect, useState } from 'preact/hooks';
import { PHONE_MISSING } from './kept-credentials.js';
import { phoneInstance } from './phone-instance.js';
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
let again: ReturnType<typeof setTimeout> | undefined;
const listeners = new Set<(state: PhoneState) => void>();

const change = (part: Partial<PhoneState>): void => {
  state = { ...state, ...part };
  for (const listener of listeners) listener(state);
};

export const phoneNow = (): Phone | undefined => phone;
export const isInCall = (): boolean => state.call !== undefined && state.call.phase !== 'over';

/** A line that could not be registered, for another reason than its password, is tried again with a new connection. */
const AGAIN_MS = 30_000;

const tryLater = (credentials: PhoneCredentials, sockets: readonly string[]): void => {
  clearTimeout(again);
  again = setTimeout(() => {
    if (isInCall()) tryLater(credentials, sockets);
    else if (state.registration === 'failed') void startPhone(credentials, sockets);
  }, AGAIN_MS);
};

/** Registers this line, in place of another. */
export const startPhone = async (credentials: PhoneCredentials, sockets: readonly string[]): Promise<void> => {
  stopPhone();
  const mine = turn;
  change({ ...OFF, sipUri: credentials.sipUri, registration: 'connecting' });
  try {
    const [{ createSipPhone }, instanceId] = await Promise.all([import('./sip-phone.js'), phoneInstance(credentials.sipUri)]);
    // Meanwhile another line may have been chosen.
    if (mine !== turn) return;
    phone = createSipPhone({
      credentials,
      sockets,
      instanceId,
      read: () => state,
      change: (part) => {
        if (mine !== turn) return;
        change(part);
        if (part.registration === 'failed' && part.refused !== true) tryLater(credentials, sockets);
      },
    });
  } catch {
    if (mine === turn) change({ registration: 'failed', fault: PHONE_MISSING });
  }
}; // prettier-ignore

export const stopPhone = (): void => {
  turn += 1;
  clearTimeout(again);
  phone?.stop();
  phone = undefined;
  change(OFF);
};

// A tab that is closed or loaded anew cannot go on with its call: the other side is told.
addEventListener('pagehide', () => phone?.hangUp());

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
