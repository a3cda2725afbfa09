// A list of callers, to add to and to remove from. Used by call-services.tsx.
import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import { partyOf, shownParty } from '../call-services/party.js';
import { CALLERS_MAX } from '../call-services/settings.js';
import { Button, Field } from '../ui/form.js';

export type CallerListProps = Readonly<{
  title: string;
  empty: string;
  callers: readonly string[];
  /** The other list: nobody is in both. */
  others: readonly string[];
  domain: string;
  onChange: (callers: readonly string[]) => void;
}>;

export const CallerList = ({ title, empty, callers, others, domain, onChange }: CallerListProps): JSX.Element => {
  const [typed, setTyped] = useState('');
  const [fault, setFault] = useState('');
  const add = (): void => {
    const party = partyOf(typed, domain);
    if (!party.ok) return setFault(party.reason);
    if (callers.includes(party.uri)) return setFault('That caller is in this list already.');
    if (others.includes(party.uri)) return setFault('That caller is in the other list. Remove it there first.');
    if (callers.length >= CALLERS_MAX) return setFault(`A list has at most ${CALLERS_MAX} callers.`);
    setFault('');
    setTyped('');
    onChange([...callers, party.uri]);
  };
  return (
    <div class="callers" role="group" aria-label={title}>
      <h3>{title}</h3>
      {callers.length === 0 && <p class="quiet">{empty}</p>}
      <ul class="caller-rows">
        {callers.map((uri) => (
          <li key={uri}>
            <span class="breaks">{shownParty(uri, domain)}</span>
            <button type="button" class="plain" aria-label={`Remove ${shownParty(uri, domain)}`} onClick={() => onChange(callers.filter((one) => one !== uri))}>Remove</button>
          </li>
        ))}
      </ul>
      <div
        class="add-row"
        onKeyDown={(event) => {
          if (event.key !== 'Enter') return;
          event.preventDefault();
          add();
        }}
      >
        <Field label={`Add to: ${title.toLowerCase()}`} value={typed} onValue={setTyped} fault={fault} placeholder="Number or name@example.com" autoComplete="off" />
        <Button onClick={add} disabled={typed.trim() === ''}>Add</Button>
      </div>
    </div>
  );
}; // prettier-ignore
