// The account's lines: list, a new one, and what belongs to one of them. Paths: /lines, /lines/<uri>/<tab>.
import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import type { Line, NewLine } from '../api/contract.js';
import { addLine, linesOf } from '../api/ellis.js';
import { useDoing, useLoaded } from '../loaded.js';
import { usePortal } from '../portal-context.js';
import { Link } from '../router.js';
import { Button } from '../ui/form.js';
import { Empty, Fault, Page, Show } from '../ui/page.js';
import { Credentials } from './credentials.js';
import { linePath } from './line-path.js';
import { LinePage } from './line.js';

export const Lines = ({ parts }: Readonly<{ parts: readonly string[] }>): JSX.Element => {
  const { session } = usePortal();
  const lines = useLoaded(session.username, () => linesOf(session.username));
  const [sipUri, tab, item] = parts;
  const deleted = (uri: string) => lines.set((before) => before.filter((line) => line.sip_uri !== uri));
  return (
    <Show of={lines}>
      {(list) => {
        const line = list.find((one) => one.sip_uri === sipUri);
        if (line !== undefined) return <LinePage key={line.sip_uri} line={line} tab={tab ?? ''} item={item} onDeleted={() => deleted(line.sip_uri)} />;
        if (sipUri !== undefined) return <Empty title="This is not one of your lines"><p><Link to="/lines">All lines</Link></p></Empty>;
        return <LineList lines={list} onAdded={(made) => lines.set((before) => [...before, made])} />;
      }}
    </Show>
  );
}; // prettier-ignore

type LineListProps = Readonly<{ lines: readonly Line[]; onAdded: (line: Line) => void }>;

const LineList = ({ lines, onAdded }: LineListProps): JSX.Element => {
  const { session } = usePortal();
  const { busy, fault, run } = useDoing();
  const [made, setMade] = useState<NewLine>();
  const add = () =>
    void run(async () => {
      const line = await addLine(session.username);
      setMade(line);
      const { sip_password: _once, ...kept } = line;
      onAdded(kept);
    });
  const button = (words: string) => (
    <Button kind="primary" busy={busy} onClick={add}>{busy ? 'One moment…' : words}</Button>
  ); // prettier-ignore
  return (
    <Page title="Your lines" lead="A line is a number with a user name and a password for your phones." actions={lines.length > 0 && button('Get another line')}>
      <Fault words={fault} />
      {lines.length === 0 && (
        <Empty title="You have no line yet">
          <p>Get one, and use it in a softphone or right here in the page.</p>
          {button('Get a line')}
        </Empty>
      )}
      <ul class="cards">
        {lines.map((line) => (
          <li key={line.sip_uri} class="card line-card">
            <h2><Link to={linePath(line)}>{line.formatted_number}</Link></h2>
            <p class="quiet breaks">{line.sip_uri}</p>
            <nav class="chips" aria-label={`Line ${line.formatted_number}`}>
              <Link to={linePath(line, 'call-services')}>Call services</Link>
              <Link to={linePath(line, 'calls')}>Calls</Link>
              <Link to={linePath(line, 'devices')}>Devices</Link>
              <Link to={`/phone/${encodeURIComponent(line.sip_uri)}`}>Phone</Link>
            </nav>
          </li>
        ))}
      </ul>
      {made?.sip_password !== undefined && (
        <Credentials line={made} password={made.sip_password} onClose={() => setMade(undefined)} />
      )}
    </Page>
  );
}; // prettier-ignore
