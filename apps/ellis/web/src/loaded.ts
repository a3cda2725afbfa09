// What a page has asked for: on its way, there, or refused with words for people. Used by the pages.
import { useCallback, useEffect, useState } from 'preact/hooks';
import { faultWords } from './api/http.js';

export type Loaded<T> =
  | Readonly<{ state: 'loading' }>
  | Readonly<{ state: 'failed'; words: string }>
  | Readonly<{ state: 'there'; value: T }>;

export type Loading<T> = Readonly<{
  loaded: Loaded<T>;
  again: () => void;
  set: (change: (value: T) => T) => void;
}>;

/** Asks when the page opens and when `key` changes; what arrives for an older key is passed over. */
export const useLoaded = <T>(key: string, load: () => Promise<T>): Loading<T> => {
  const [loaded, setLoaded] = useState<Loaded<T>>({ state: 'loading' });
  const [turn, setTurn] = useState(0);
  useEffect(() => {
    let current = true;
    setLoaded((before) => (before.state === 'there' && turn > 0 ? before : { state: 'loading' }));
    load().then(
      (value) => current && setLoaded({ state: 'there', value }),
      (error: unknown) => current && setLoaded({ state: 'failed', words: faultWords(error) }),
    );
    return () => void (current = false);
  }, [key, turn]);
  const again = useCallback(() => setTurn((before) => before + 1), []);
  const set = useCallback(
    (change: (value: T) => T) =>
      setLoaded((before) =>
        before.state === 'there' ? { state: 'there', value: change(before.value) } : before,
      ),
    [],
  );
  return { loaded, again, set };
};

export type Doing = Readonly<{
  busy: boolean;
  fault: string;
  run: (work: () => Promise<void>) => Promise<void>;
}>;

/** One action at a time, with its fault in words. */
export const useDoing = (): Doing => {
  const [busy, setBusy] = useState(false);
  const [fault, setFault] = useState('');
  const run = async (work: () => Promise<void>): Promise<void> => {
    if (busy) return;
    setBusy(true);
    setFault('');
    try {
      await work();
    } catch (error) {
      setFault(faultWords(error));
    } finally {
      setBusy(false);
    }
  };
  return { busy, fault, run };
};
