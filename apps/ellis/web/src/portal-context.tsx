// What every page knows: who is signed in, and the facts of the place. Made by app.tsx.
import { createContext } from 'preact';
import { useContext } from 'preact/hooks';
import type { PortalFacts, Session } from './api/contract.js';

export type Portal = Readonly<{
  facts: PortalFacts;
  session: Session;
  /** Says something to everybody, for a moment: seen and spoken. */
  tell: (words: string) => void;
  signedOut: () => void;
}>;

export const PortalContext = createContext<Portal | undefined>(undefined);

export const usePortal = (): Portal => {
  const portal = useContext(PortalContext);
  if (portal === undefined) throw new Error('a page outside of the portal');
  return portal;
};
