// Call services of a line as switches and fields; saved as a simservs document that keeps what this page does not show.
// The documents: call-services/.
import type { JSX } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import type { Line } from '../api/contract.js';
import { putSimservs, simservs, type StoredXml } from '../api/ellis.js';
import { faultWords, RequestRefused } from '../api/http.js';
import { partyOf, shownParty } from '../call-services/party.js';
import { readSettings } from '../call-services/read-settings.js';
import { type CallSettings, DIVERT_CASES, type DivertCase } from '../call-services/settings.js';
import { sameSettings, writeSettings } from '../call-services/write-settings.js';
import { useLoaded } from '../loaded.js';
import { usePortal } from '../portal-context.js';
import { guardLeaving } from '../router.js';
import { Button, Form, Switch } from '../ui/form.js';
import { Fault, Notice, Show } from '../ui/page.js';
import { CallerList } from './caller-list.js';
import { DivertRow } from './divert-row.js';

export const CallServices = ({ line }: Readonly<{ line: Line }>): JSX.Element => {
  const { session } = usePortal();
  const stored = useLoaded(line.sip_uri, () => simservs(session.username, line.sip_uri));
  return (
    <Show of={stored}>
      {(document) => <Settings key={document.etag ?? document.xml ?? ''} line={line} stored={document} onSaved={stored.again} />}
    </Show>
  );
}; // prettier-ignore

/** Targets as they are typed, and what is wrong with those that are to be used. */
type Typed = Readonly<Record<DivertCase, string>>;

const typedOf = ({ divert }: CallSettings, domain: string): Typed =>
  Object.fromEntries(DIVERT_CASES.map((name) => [name, shownParty(divert[name].to, domain)])) as Typed;

const targetsOf = (settings: CallSettings, typed: Typed, domain: string) => {
  const faults: Partial<Record<DivertCase, string>> = {};
  const divert = Object.fromEntries(
    DIVERT_CASES.map((name) => {
      const { on, to } = settings.divert[name];
      if (typed[name].trim() === '') {
        if (on) faults[name] = 'Enter where the call goes.';
        return [name, { on, to: '' }];
      }
      // What was there and has not been touched stays as it was written.
      if (shownParty(to, domain) === typed[name]) return [name, { on, to }];
      const party = partyOf(typed[name], domain);
      if (!party.ok) faults[name] = party.reason;
      return [name, { on, to: party.ok ? party.uri : to }];
    }),
  ) as CallSettings['divert'];
  return { settings: { ...settings, divert }, faults };
};

type SettingsProps = Readonly<{ line: Line; stored: StoredXml; onSaved: () => void }>;

const useSettings = ({ line, stored, onSaved }: SettingsProps, before: CallSettings) => {
  const { session, facts, tell } = usePortal();
  const [settings, setSettings] = useState(before);
  const [typed, setTyped] = useState(() => typedOf(before, facts.home_domain));
  const [busy, setBusy] = useState(false);
  const [fault, setFault] = useState('');
  const [overtaken, setOvertaken] = useState(false);
  const [tried, setTried] = useState(false);
  // What was saved is asked for again; until it is there nothing is left to save.
  const [saved, setSaved] = useState(false);
  const wanted = targetsOf(settings, typed, facts.home_domain);
  const changed = !saved && (!sameSettings(wanted.settings, before) || Object.keys(wanted.faults).length > 0);
  useEffect(() => {
    if (!changed) return undefined;
    const warn = (event: BeforeUnloadEvent) => event.preventDefault();
    addEventListener('beforeunload', warn);
    const unguard = guardLeaving('Leave without saving what you changed?');
    return () => {
      removeEventListener('beforeunload', warn);
      unguard();
    };
  }, [changed]);
  const save = async (): Promise<void> => {
    setTried(true);
    if (Object.keys(wanted.faults).length > 0) return;
    const written = writeSettings(stored.xml, wanted.settings);
    if (!written.ok) return setFault(`The document of this line cannot be changed here: ${written.reason}.`);
    setBusy(true);
    setFault('');
    try {
      await putSimservs(session.username, line.sip_uri, written.xml, stored.etag);
      setSaved(true);
      tell('Saved. It holds for the next call.');
      onSaved();
    } catch (error) {
      setOvertaken(error instanceof RequestRefused && error.status === 412);
      setFault(faultWords(error));
    } finally {
      setBusy(false);
    }
  };
  const undo = () => {
    setSettings(before);
    setTyped(typedOf(before, facts.home_domain));
    setTried(false);
    setFault('');
  };
  const set = (change: Partial<CallSettings>) => {
    setSaved(false);
    setSettings((now) => ({ ...now, ...change }));
  };
  const type = (name: DivertCase, text: string) => {
    setSaved(false);
    setTyped((now) => ({ ...now, [name]: text }));
  };
  return { settings, set, typed, type, faults: tried ? wanted.faults : {}, changed, busy, fault, overtaken, save, undo };
}; // prettier-ignore

const Settings = (props: SettingsProps): JSX.Element => {
  const read = readSettings(props.stored.xml);
  if (!read.ok)
    return <Notice kind="fault">The document of this line cannot be shown here: {read.reason}.</Notice>;
  return <SettingsForm {...props} before={read.settings} otherRules={read.otherRules} />;
};

type SettingsFormProps = SettingsProps & Readonly<{ before: CallSettings; otherRules: number }>;

const SettingsForm = ({ before, otherRules, ...props }: SettingsFormProps): JSX.Element => {
  const { facts } = usePortal();
  const { settings, set, typed, type, faults, changed, busy, fault, overtaken, save, undo } = useSettings(props, before); // prettier-ignore
  const divert = (name: DivertCase) => ({
    divert: settings.divert[name],
    typed: typed[name],
    fault: faults[name] ?? '',
    onSwitch: (on: boolean) => set({ divert: { ...settings.divert, [name]: { ...settings.divert[name], on } } }),
    onTyped: (text: string) => type(name, text),
  });
  return (
    <Form onSubmit={() => void save()} label="Call services">
      <section class="card">
        <h2>Do not disturb</h2>
        <Switch label="Do not disturb" hint="Calls are refused, but for the callers that you always let in." on={settings.doNotDisturb} onChange={(doNotDisturb) => set({ doNotDisturb })} />
      </section>
      <section class="card">
        <h2>Divert calls</h2>
        <DivertRow label="Always" hint="Your phones do not ring at all." {...divert('always')} />
        <DivertRow label="When busy" {...divert('busy')} />
        <DivertRow label="When nobody answers" {...divert('noAnswer')} after={settings.noAnswerAfterS} onAfter={(noAnswerAfterS) => set({ noAnswerAfterS })} />
        <DivertRow label="When unreachable" hint="No phone is registered, or none can be reached." {...divert('unreachable')} />
      </section>
      <section class="card">
        <h2>When you call</h2>
        <Switch label="Hide my number" hint="Who you call does not see it." on={settings.hideNumber} onChange={(hideNumber) => set({ hideNumber })} />
        <Switch label="No international calls" hint="Calls to other countries are refused." on={settings.barInternational} onChange={(barInternational) => set({ barInternational })} />
      </section>
      <section class="card">
        <h2>Who may call you</h2>
        <Switch label="Refuse callers without a number" on={settings.blockAnonymous} onChange={(blockAnonymous) => set({ blockAnonymous })} />
        <CallerList title="Blocked callers" empty="Nobody is blocked." callers={settings.blocked} others={settings.allowed} domain={facts.home_domain} onChange={(blocked) => set({ blocked })} />
        <CallerList title="Always let in" empty="Nobody is let in always." callers={settings.allowed} others={settings.blocked} domain={facts.home_domain} onChange={(allowed) => set({ allowed })} />
      </section>
      {otherRules > 0 && <p class="quiet">This line also has {otherRules === 1 ? 'a rule' : `${otherRules} rules`} that this page does not show. What you save here keeps them.</p>}
      <div class={`save-bar ${changed ? 'changed' : ''}`}>
        <Fault words={fault} />
        {overtaken && <Button onClick={props.onSaved}>Load what is there now</Button>}
        <div class="actions">
          <Button onClick={undo} disabled={!changed || busy}>Undo</Button>
          <Button kind="primary" type="submit" busy={busy} disabled={!changed}>{busy ? 'Saving…' : 'Save'}</Button>
        </div>
      </div>
    </Form>
  );
}; // prettier-ignore
