// One diversion: a switch, and where to when it is on. Used by call-services.tsx.
import type { JSX } from 'preact';
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

export const DivertRow = ({ label, hint, divert, typed, fault, onSwitch, onTyped, after, onAfter }: DivertRowProps): JSX.Element => (
  <div class="divert" role="group" aria-label={label}>
    <Switch label={label} {...(hint === undefined ? {} : { hint })} on={divert.on} onChange={onSwitch} />
    {divert.on && (
      <div class="divert-to">
        <Field label="To" value={typed} onValue={onTyped} fault={fault} placeholder="Number or name@example.com" autoComplete="off" />
        {after !== undefined && onAfter !== undefined && (
          <Field
            label="After seconds"
            type="number"
            inputMode="numeric"
            value={String(after)}
            min={NO_ANSWER_S.min}
            max={NO_ANSWER_S.max}
            required
            onValue={(text) => onAfter(Math.round(Number(text)) || NO_ANSWER_S.default)}
          />
        )}
      </div>
    )}
  </div>
); // prettier-ignore
