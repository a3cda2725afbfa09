// One line: its tabs, and what is done with the line as a whole. Path: /lines/<uri>/<tab>/<item>.
import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import type { Line } from '../api/contract.js';
import { deleteLine, listLine, newLinePassword } from '../api/ellis.js';
import { useDoing } from '../loaded.js';
import { forgetCredentials } from '../phone/kept-credentials.js';
import { usePortal } from '../portal-context.js';
import { Link, navigate } from '../router.js';
import { Confirm } from '../ui/dialog.js';
import { Button, Switch } from '../ui/form.js';
import { Empty, Fault, Page } from '../ui/page.js';
import { Tabs } from '../ui/tabs.js';
import { CallPage } from './call.js';
import { CallServices } from './call-services.js';
import { Calls } from './calls.js';
import { Credentials } from './credentials.js';
import { Devices } from './devices.js';
import { linePath } from './line-path.js';

const TABS = [
  ['', 'Overview'],
  ['call-services', 'Call services'],
  ['calls', 'Calls'],
  ['devices', 'Devices'],
] as const;

export type LinePageProps = Readonly<{
  line: Line;
  tab: string;
  item: string | undefined;
  onDeleted: () => void;
}>;

export const LinePage = ({ line, tab, item, onDeleted }: LinePageProps): JSX.Element => (
  <Page
    title={line.formatted_number}
    lead={<span class="breaks">{line.sip_uri}</span>}
    actions={<Link class="button primary" to={`/phone/${encodeURIComponent(line.sip_uri)}`}>Open the phone</Link>}
  >
    <Tabs label={`Line ${line.formatted_number}`} tabs={TABS.map(([name, words]) => ({ to: linePath(line, name), words, current: tab === name }))} />
    <TabOf line={line} tab={tab} item={item} onDeleted={onDeleted} />
  </Page>
); // prettier-ignore

const TabOf = ({ line, tab, item, onDeleted }: LinePageProps): JSX.Element => {
  switch (tab) {
    case '':
      return <Overview line={line} onDeleted={onDeleted} />;
    case 'call-services':
      return <CallServices line={line} />;
    case 'calls':
      return item === undefined ? <Calls line={line} /> : <CallPage line={line} id={item} />;
    case 'devices':
      return <Devices line={line} />;
    default:
      return <Empty title="There is nothing here" />;
  }
};

type OverviewProps = Readonly<{ line: Line; onDeleted: () => void }>;

const Overview = ({ line, onDeleted }: OverviewProps): JSX.Element => {
  const { session, facts } = usePortal();
  const [asking, setAsking] = useState<'password' | 'delete'>();
  const [password, setPassword] = useState<string>();
  const [listed, setListed] = useState(line.gab_listed);
  const asked = useDoing();
  const listing = useDoing();
  const renew = () =>
    void asked.run(async () => {
      setPassword(await newLinePassword(session.username, line.sip_uri));
      forgetCredentials(line.sip_uri);
      setAsking(undefined);
    });
  const remove = () =>
    void asked.run(async () => {
      await deleteLine(session.username, line.sip_uri);
      forgetCredentials(line.sip_uri);
      navigate('/lines');
      onDeleted();
    });
  const list = (wanted: boolean) =>
    void listing.run(async () => {
      setListed(wanted);
      await listLine(session.username, line.sip_uri, wanted).catch((error: unknown) => {
        setListed(!wanted);
        throw error;
      });
    });
  return (
    <>
      <section class="card">
        <h2>For your phones</h2>
        <dl class="facts">
          <dt>User name</dt><dd><code>{line.sip_username}</code></dd>
          <dt>Authentication name</dt><dd><code>{line.private_id}</code></dd>
          <dt>Domain</dt><dd><code>{facts.home_domain}</code></dd>
          <dt>Password</dt><dd>was shown when the line was made</dd>
        </dl>
        <div class="actions"><Button onClick={() => setAsking('password')}>New password</Button></div>
      </section>
      <section class="card">
        <h2>Address book</h2>
        <Switch label="Listed for everybody here" hint="Others who have an account see your name with this number." on={listed} disabled={listing.busy} onChange={list} />
        <Fault words={listing.fault} />
      </section>
      <section class="card">
        <h2>Delete this line</h2>
        <p class="quiet">The number goes back to where it came from; somebody else may get it.</p>
        <div class="actions"><Button kind="danger" onClick={() => setAsking('delete')}>Delete line</Button></div>
      </section>
      {asking === 'password' && (
        <Confirm title="New password?" action="Make a new password" busy={asked.busy} fault={asked.fault} onConfirm={renew} onClose={() => setAsking(undefined)}>
          <p>Phones that use the current password cannot register any more until you give them the new one.</p>
        </Confirm>
      )}
      {asking === 'delete' && (
        <Confirm title={`Delete ${line.formatted_number}?`} action="Delete line" busy={asked.busy} fault={asked.fault} onConfirm={remove} onClose={() => setAsking(undefined)}>
          <p>Its phones stop working at once, and its call services are lost. This cannot be undone.</p>
        </Confirm>
      )}
      {password !== undefined && <Credentials line={line} password={password} onClose={() => setPassword(undefined)} />}
    </>
  );
}; // prettier-ignore
