// One diversion: a switch, and where to when it is on. Used by call-services.tsx.
import type { JSX } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { type Divert, NO_ANSWER_S } from '../call-services/settings.js';
import { Field, Switch } from '../ui/form.js';

export type DivertRowProps = Readonly<{
  label: string;
  hint?: string;
  divert: Divert;
  typed: string;
  fault: string;
  onSwitch: (on: boolean) => void;
  onTyped: (text: string) => void;
  after?: number;
  onAfter?: (seconds: number) => void;
}>;

type AfterFieldProps = Readonly<{ after: number; onAfter: (seconds: number) => void }>;

/** What is typed stays as it is typed; what is no number of seconds is not taken. */
const AfterField = ({ after, onAfter }: AfterFieldProps): JSX.Element => {
  const [typed, setTyped] = useState(String(after));
  useEffect(() => setTyped((before) => (Number(before) === after ? before : String(after))), [after]);
  const { min, max } = NO_ANSWER_S;
  const type = (text: string): void => {
    setTyped(text);
    const seconds = Number(text);
    if (Number.isInteger(seconds) && seconds >= min && seconds <= max) onAfter(seconds);
  };
  return <Field label="After seconds" type="number" inputMode="numeric" value={typed} min={min} max={max} required onValue={type} />;
}; // prettier-ignore

export const DivertRow = ({ label, hint, divert, typed, fault, onSwitch, onTyped, after, onAfter }: DivertRowProps): JSX.Element => (
  <div class="divert" role="group" aria-label={label}>
    <Switch label={label} {...(hint === undefined ? {} : { hint })} on={divert.on} onChange={onSwitch} />
    {divert.on && (
      <div class="divert-to">
        <Field label="To" value={typed} onValue={onTyped} fault={fault} placeholder="Number or name@example.com" autoComplete="off" />
        {after !== undefined && onAfter !== undefined && (
          <AfterField after={after} onAfter={onAfter} />
        )}
      </div>
    )}
  </div>
); // prettier-ignore
