// The phone in the page: which line, its credentials when this browser does not have them, keys, and the call. Path: /phone/<uri>, /phone?call=<uri>.
import type { JSX } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import type { Line } from '../api/contract.js';
import { linesOf } from '../api/ellis.js';
import { partyOf, shownParty } from '../call-services/party.js';
import { useLoaded } from '../loaded.js';
import { usePortal } from '../portal-context.js';
import { Link, navigate } from '../router.js';
import { Button, Field, Form } from '../ui/form.js';
import { Empty, Fault, Page, Show } from '../ui/page.js';
import { CallView } from './call-view.js';
import { keepForPhone, keptCredentials, PHONE_MISSING } from './kept-credentials.js';
import { KeyPad } from './key-pad.js';
import { Microphone } from './microphone.js';
import type { PhoneCredentials, Registration } from './phone-model.js';
import { phoneNow, startPhone, stopPhone, usePhone } from './phone-state.js';

const phonePath = (sipUri: string): string => `/phone/${encodeURIComponent(sipUri)}`;

export const PhonePage = ({ parts }: Readonly<{ parts: readonly string[] }>): JSX.Element => {
  const { session } = usePortal();
  const lines = useLoaded(session.username, () => linesOf(session.username));
  const { sipUri } = usePhone();
  return (
    <Page title="Phone">
      <Show of={lines}>
        {(list) => {
          const line = list.find(({ sip_uri }) => sip_uri === (parts[0] ?? sipUri)) ?? list[0];
          if (line === undefined) return <Empty title="You have no line yet"><p><Link to="/lines">Get a line</Link>, then call from here.</p></Empty>;
          return (
            <div class="phone">
              <LineChoice lines={list} line={line} />
              <PhoneOf key={line.sip_uri} line={line} />
            </div>
          );
        }}
      </Show>
    </Page>
  );
}; // prettier-ignore

const LineChoice = ({ lines, line }: Readonly<{ lines: readonly Line[]; line: Line }>): JSX.Element => {
  const { call } = usePhone();
  const inCall = call !== undefined && call.phase !== 'over';
  return (
    <div class="field">
      <label for="line">Line</label>
      <select id="line" value={line.sip_uri} disabled={inCall || lines.length < 2} onChange={(event) => navigate(phonePath(event.currentTarget.value))}>
        {lines.map(({ sip_uri, formatted_number }) => <option key={sip_uri} value={sip_uri}>{formatted_number}</option>)}
      </select>
    </div>
  );
}; // prettier-ignore

const STATES: Readonly<Record<Registration, string>> = {
  off: 'Off',
  connecting: 'Connecting…',
  registered: 'Ready: calls come in here',
  failed: 'Not registered',
};

const PhoneOf = ({ line }: Readonly<{ line: Line }>): JSX.Element => {
  const { facts } = usePortal();
  const sockets = socketsFor(facts.websockets);
  const [credentials, setCredentials] = useState(() => keptCredentials(line.sip_uri));
  const { sipUri, registration, fault, refused, call } = usePhone();
  const isThis = sipUri === line.sip_uri;
  const inCall = call !== undefined && call.phase !== 'over';
  useEffect(() => {
    if (credentials === undefined || (isThis && registration !== 'off') || inCall || sockets.length === 0) return;
    void startPhone(credentials, sockets);
  }, [credentials]);
  if (sockets.length === 0) return <Empty title="There is no phone in the page here"><p>{facts.websockets.length === 0 ? 'The service takes no phones over WebSocket.' : 'This page is secure, and the service has no secure WebSocket for it.'} A softphone can use the line.</p></Empty>;
  if (!window.isSecureContext) return <Empty title="The phone needs a secure page"><p>Browsers let only pages over https, or on this machine, use the microphone.</p></Empty>;
  if (credentials === undefined || (isThis && refused)) return <PasswordNeeded line={line} fault={refused ? fault : ''} onKept={setCredentials} />;
  const again = (): void => void startPhone(credentials, sockets);
  return (
    <>
      <p class={`live-mark ${registration === 'registered' ? 'live' : registration === 'failed' ? 'broken' : 'connecting'}`} role="status">
        <span class="dot" aria-hidden="true" />
        {STATES[registration]}
      </p>
      <Fault words={fault} />
      {registration === 'failed' && <Button onClick={again}>Try again</Button>}
      {call === undefined ? <Dial line={line} ready={registration === 'registered'} /> : <CallView call={call} domain={line.domain} />}
      <Microphone />
      {!inCall && <Button kind="plain" onClick={() => { stopPhone(); setCredentials(keptCredentials(line.sip_uri)); navigate('/lines'); }}>Switch the phone off</Button>}
    </>
  );
}; // prettier-ignore

/** Pages over https may only use secure WebSockets. */
const socketsFor = (urls: readonly string[]): readonly string[] =>
  location.protocol === 'https:' ? urls.filter((url) => url.startsWith('wss:')) : urls;

type PasswordNeededProps = Readonly<{ line: Line; fault: string; onKept: (kept: PhoneCredentials) => void }>;

const PasswordNeeded = ({ line, fault, onKept }: PasswordNeededProps): JSX.Element => {
  const { facts } = usePortal();
  const [password, setPassword] = useState('');
  const [remember, setRemember] = useState(false);
  const [missing, setMissing] = useState('');
  const submit = () =>
    void keepForPhone(line, facts.home_domain, password, { remember }).then(
      (kept) => {
        stopPhone();
        onKept(kept);
      },
      () => setMissing(PHONE_MISSING),
    );
  return (
    <section class="card">
      <h2>Password of {line.formatted_number}</h2>
      <p class="quiet">It was shown when the line was made. You can <Link to={`/lines/${encodeURIComponent(line.sip_uri)}`}>get a new one</Link>.</p>
      <Form onSubmit={submit} label="Password of the line">
        <Field label="Password of the line" type="password" value={password} onValue={setPassword} autoComplete="off" required />
        <label class="check"><input type="checkbox" checked={remember} onChange={(event) => setRemember(event.currentTarget.checked)} /> Remember it in this browser</label>
        <Fault words={missing || fault} />
        <Button kind="primary" type="submit">Switch the phone on</Button>
      </Form>
    </section>
  );
}; // prettier-ignore

const Dial = ({ line, ready }: Readonly<{ line: Line; ready: boolean }>): JSX.Element => {
  const [typed, setTyped] = useState(() => shownParty(new URLSearchParams(location.search).get('call') ?? '', line.domain));
  const [fault, setFault] = useState('');
  const call = (): void => {
    const party = partyOf(typed, line.domain);
    setFault(party.ok ? '' : party.reason);
    if (party.ok) phoneNow()?.call(party.uri);
  };
  return (
    <Form onSubmit={call} label="Call">
      <Field label="Call" value={typed} onValue={setTyped} fault={fault} placeholder="Number or name@example.com" inputMode="tel" autoComplete="off" />
      <KeyPad onKey={(key) => setTyped((before) => before + key)} />
      <Button kind="primary" type="submit" disabled={!ready}>Call</Button>
    </Form>
  );
}; // prettier-ignore
