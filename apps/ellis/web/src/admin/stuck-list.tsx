// What got stuck, row by row, each with what an operator can do about it, or with all of them one after the other. Used by parked.tsx and
// dead-letters.tsx.
import type { JSX } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import { faultWords, RequestRefused } from '../api/http.js';
import { usePortal } from '../portal-context.js';
import { Confirm } from '../ui/dialog.js';
import { Button } from '../ui/form.js';
import { Fault } from '../ui/page.js';

export type Stuck = Readonly<{
  id: string;
  title: string;
  reason: string;
  facts: readonly (readonly [name: string, value: string])[];
}>;

/** Resolves to why it is stuck still, empty when it is not. */
export type Attempt = (id: string) => Promise<string>;

export type StuckListProps = Readonly<{
  rows: readonly Stuck[];
  /** There are more than are shown. */
  more: boolean;
  again: Readonly<{ words: string; all: string; run: Attempt }>;
  discard?: Readonly<{ words: string; question: string; warning: string; run: Attempt }>;
  onLook: () => void;
}>;

type Came = 'gone' | 'stays' | 'away';

/** What is not there any more somebody else has done; where nobody answers, the next will not be answered either. */
const cameOf = async (work: Promise<string>): Promise<Readonly<{ came: Came; words: string }>> => {
  try {
    const words = await work;
    return { came: words === '' ? 'gone' : 'stays', words };
  } catch (error) {
    const status = error instanceof RequestRefused ? error.status : undefined;
    if (status === 404) return { came: 'gone', words: '' };
    return { came: status === 0 || status === 403 || status === 503 ? 'away' : 'stays', words: faultWords(error) };
  }
}; // prettier-ignore

const useAttempts = (rows: readonly Stuck[]) => {
  const { tell } = usePortal();
  const [gone, setGone] = useState<ReadonlySet<string>>(new Set());
  const [faults, setFaults] = useState<Readonly<Record<string, string>>>({});
  const [busy, setBusy] = useState('');
  const isHere = useRef(true);
  useEffect(() => () => void (isHere.current = false), []);
  const attempt = async (id: string, run: Attempt): Promise<Came> => {
    setBusy(id);
    const { came, words } = await cameOf(run(id));
    setFaults((before) => ({ ...before, [id]: words }));
    if (came === 'gone') setGone((before) => new Set([...before, id]));
    setBusy('');
    return came;
  };
  const left = rows.filter(({ id }) => !gone.has(id));
  const attemptAll = async (run: Attempt): Promise<void> => {
    let done = 0;
    for (const { id } of left) {
      if (!isHere.current) return;
      const came = await attempt(id, run);
      if (came === 'gone') done += 1;
      if (came === 'away') break;
    }
    tell(`${done} of ${left.length} are done.`);
  };
  return { left, faults, busy, attempt, attemptAll };
};

export const StuckList = ({ rows, more, again, discard, onLook }: StuckListProps): JSX.Element => {
  const { left, faults, busy, attempt, attemptAll } = useAttempts(rows);
  const [asking, setAsking] = useState<Stuck>();
  const isBusy = busy !== '';
  return (
    <>
      <div class="actions">
        <Button kind="plain" disabled={isBusy} onClick={onLook}>Look again</Button>
        {left.length > 1 && <Button disabled={isBusy} onClick={() => void attemptAll(again.run)}>{again.all}</Button>}
      </div>
      {left.length === 0 && <p class="quiet" role="status">All of them are done.</p>}
      <ul class="stuck">
        {left.map((row) => (
          <li key={row.id} class="card">
            <h3 class="breaks">{row.title}</h3>
            <p class="breaks">{row.reason}</p>
            <dl>{row.facts.map(([name, value]) => <div key={name}><dt>{name}</dt><dd class="breaks">{value}</dd></div>)}</dl>
            <Fault words={faults[row.id] ?? ''} />
            <div class="actions">
              {discard !== undefined && <Button kind="danger" disabled={isBusy} label={`${discard.words}: ${row.title}`} onClick={() => setAsking(row)}>{discard.words}</Button>}
              <Button busy={busy === row.id} disabled={isBusy} label={`${again.words}: ${row.title}`} onClick={() => void attempt(row.id, again.run)}>{again.words}</Button>
            </div>
          </li>
        ))}
      </ul>
      {more && <p class="quiet">There are more than these. Look again when these are done.</p>}
      {discard !== undefined && asking !== undefined && (
        <Confirm
          title={discard.question}
          action={discard.words}
          busy={isBusy}
          fault={faults[asking.id] ?? ''}
          onConfirm={() => void attempt(asking.id, discard.run).then((came) => came === 'gone' && setAsking(undefined))}
          onClose={() => setAsking(undefined)}
        >
          <p class="breaks"><strong>{asking.title}</strong></p>
          <p>{discard.warning}</p>
        </Confirm>
      )}
    </>
  );
}; // prettier-ignore
