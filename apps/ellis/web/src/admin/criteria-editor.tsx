// Filter criteria of a subscriber as XML (TS 29.228 annex B), with what they would have caught of the last calls before they are saved.
// What is wrong with them is told by Ellis. Used by subscriber.tsx.
import type { JSX } from 'preact';
import { useId, useState } from 'preact/hooks';
import type { CriteriaPreview } from '../api/contract.js';
import { criteria, previewCriteria, putCriteria } from '../api/ellis.js';
import { useDoing, useLoaded } from '../loaded.js';
import { momentWords } from '../moments.js';
import { usePortal } from '../portal-context.js';
import { Link } from '../router.js';
import { Button, Form } from '../ui/form.js';
import { Empty, Fault, Notice, Show } from '../ui/page.js';

export const CriteriaEditor = ({ sipUri }: Readonly<{ sipUri: string }>): JSX.Element => {
  const stored = useLoaded(sipUri, () => criteria(sipUri));
  return (
    <Show of={stored}>
      {(xml) => <Editor key={xml} sipUri={sipUri} before={xml} onSaved={stored.again} />}
    </Show>
  );
};

type EditorProps = Readonly<{ sipUri: string; before: string; onSaved: () => void }>;

const Editor = ({ sipUri, before, onSaved }: EditorProps): JSX.Element => {
  const { tell } = usePortal();
  const id = useId();
  const [xml, setXml] = useState(before);
  const [preview, setPreview] = useState<CriteriaPreview>();
  const { busy, fault, run } = useDoing();
  const look = () => void run(async () => setPreview(await previewCriteria(sipUri, xml)));
  const save = () =>
    void run(async () => {
      await putCriteria(sipUri, xml);
      tell('Saved. The criteria hold for the next request.');
      onSaved();
    });
  const set = (text: string): void => {
    setXml(text);
    setPreview(undefined);
  };
  return (
    <section class="card">
      <Form onSubmit={save} label="Filter criteria">
        <div class="field">
          <label for={id}>Service profile as XML</label>
          <textarea id={id} rows={14} spellcheck={false} autocomplete="off" value={xml} onInput={(event) => set(event.currentTarget.value)} />
        </div>
        <Fault words={fault} />
        <div class="actions">
          <Button onClick={() => set(before)} disabled={xml === before}>Undo</Button>
          <Button busy={busy} onClick={look}>What would it have caught?</Button>
          <Button kind="primary" type="submit" busy={busy} disabled={xml === before}>Save</Button>
        </div>
      </Form>
      {preview !== undefined && <Preview preview={preview} />}
    </section>
  );
}; // prettier-ignore

const Preview = ({ preview: { examined, calls } }: Readonly<{ preview: CriteriaPreview }>): JSX.Element => {
  const nowMs = Date.now();
  if (examined === 0) return <Empty title="There are no calls yet to try it on" />;
  return (
    <div role="status" class="preview">
      <Notice kind="info">{examined === 1 ? 'Of the last request' : `Of the last ${examined} requests`} it would have caught {calls.filter(({ caught }) => caught.length > 0).length}.</Notice>
      <ul class="rows">
        {calls.map(({ id, at, method, session_case, from, request_uri, caught, unsure }) => (
          <li key={`${id} ${session_case}`}>
            <Link to={`/admin/calls/${encodeURIComponent(id)}`}>
              <span class="breaks">{method} {from} → {request_uri}</span>
              <span class="quiet">{momentWords(at, nowMs)}, {session_case}</span>
            </Link>
            {caught.map(({ priority, server, trigger }) => <p key={`${priority} ${server}`} class="hint breaks">{priority}: {server}, because {trigger}</p>)}
            {unsure.map((words) => <p key={words} class="hint breaks">Not sure: {words}</p>)}
          </li>
        ))}
      </ul>
    </div>
  );
}; // prettier-ignore
