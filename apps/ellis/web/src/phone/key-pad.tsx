// Twelve keys: to dial with, and tones in a call. Used by the phone's page.
import type { JSX } from 'preact';

const KEYS = ['1', '2', '3', '4', '5', '6', '7', '8', '9', '*', '0', '#'];
const SPOKEN: Readonly<Record<string, string>> = { '*': 'Star', '#': 'Hash' };

export const KeyPad = ({ onKey }: Readonly<{ onKey: (key: string) => void }>): JSX.Element => (
  <div class="key-pad" role="group" aria-label="Keys">
    {KEYS.map((key) => (
      <button key={key} type="button" aria-label={SPOKEN[key] ?? key} onClick={() => onKey(key)}>
        {key}
      </button>
    ))}
  </div>
);
