// One call: its ladder diagram, and the same in words. Path: /lines/<uri>/calls/<id>.
import type { JSX } from 'preact';
import type { Ladder, Line } from '../api/contract.js';
import { ladderOf } from '../api/ellis.js';
import { LadderDiagram } from '../ladder/ladder-diagram.js';
import { sinceBeginning } from '../ladder/layout.js';
import { useLoaded } from '../loaded.js';
import { usePortal } from '../portal-context.js';
import { Link } from '../router.js';
import { Show } from '../ui/page.js';
import { linePath } from './line-path.js';

export const CallPage = ({ line, id }: Readonly<{ line: Line; id: string }>): JSX.Element => {
  const { session } = usePortal();
  const ladder = useLoaded(id, () => ladderOf(session.username, line.sip_uri, id));
  return (
    <>
      <p class="crumb"><Link to={linePath(line, 'calls')}>← All calls</Link></p>
      <Show of={ladder}>{(value) => <LadderView ladder={value} again={ladder.again} />}</Show>
    </>
  );
}; // prettier-ignore

export type LadderViewProps = Readonly<{ ladder: Ladder; again: () => void }>;

export const LadderView = ({ ladder, again }: LadderViewProps): JSX.Element => {
  const label = new Map(ladder.participants.map((one) => [one.id, one.label]));
  const whole = new Date(ladder.begun_at).toLocaleString();
  return (
    <>
      <div class="ladder-head">
        <h2>{ladder.method === 'INVITE' ? 'Call' : ladder.method} of {whole}</h2>
        <button type="button" class="plain" onClick={again}>Look again</button>
      </div>
      <LadderDiagram ladder={ladder} />
      <section class="card">
        <h2>Step by step</h2>
        <ol class="steps">
          {ladder.steps.map((step, i) => (
            <li key={i} class={step.failed ? 'failed' : ''}>
              <span class="quiet">{sinceBeginning(step.at - ladder.begun_at)}</span>{' '}
              <strong>{step.label}</strong>{' '}
              <span class="quiet">{step.from === step.to ? label.get(step.from) : `${label.get(step.from) ?? ''} → ${label.get(step.to) ?? ''}`}</span>
              <p>{step.words}</p>
              {step.details.length > 0 && <ul>{step.details.map((detail) => <li key={detail}>{detail}</li>)}</ul>}
            </li>
          ))}
        </ol>
      </section>
    </>
  );
}; // prettier-ignore
