// The call of the phone: who, how long, and what can be done. Used by the phone's page, and in short by the bar on every page.
import type { JSX } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { shownParty } from '../call-services/party.js';
import { clockWords } from '../moments.js';
import { Link } from '../router.js';
import { Button } from '../ui/form.js';
import { Fault } from '../ui/page.js';
import { KeyPad } from './key-pad.js';
import type { PhoneCall } from './phone-model.js';
import { dismissCall, phoneNow, usePhone } from './phone-state.js';

const TICK_MS = 500;
/** Of the first sound it takes a moment. */
const SILENT_MS = 6_000;

const Clock = ({ sinceMs }: Readonly<{ sinceMs: number }>): JSX.Element => {
  const [nowMs, setNowMs] = useState(() => Date.now());
  useEffect(() => {
    const timer = setInterval(() => setNowMs(Date.now()), TICK_MS);
    return () => clearInterval(timer);
  }, []);
  return <span class="clock">{clockWords(nowMs - sinceMs)}</span>;
};

/** Who looks at another tab sees who calls. */
const useCallTitle = (call: PhoneCall | undefined): void => {
  const words = call?.phase === 'incoming' ? `${shownParty(call.other)} calls you` : '';
  useEffect(() => {
    if (words === '') return undefined;
    const before = document.title;
    document.title = words;
    return () => void (document.title = before);
  }, [words]);
};

const phaseWords = ({ phase, held, heldByOther, end }: PhoneCall): string => {
  switch (phase) {
    case 'calling':
      return 'Calling…';
    case 'ringing':
      return 'It rings…';
    case 'incoming':
      return 'Calls you';
    case 'connected':
      return held ? 'On hold' : heldByOther ? 'The other side put you on hold' : 'Connected';
    case 'over':
      return end;
  }
};

/** What is wrong with the sound, where something seems to be. */
const soundFault = ({ phase, sound, connectedAtMs, held, heldByOther }: PhoneCall): string => {
  if (phase !== 'connected' || sound === undefined || connectedAtMs === undefined || held || heldByOther) return '';
  if (sound.received > 0 || Date.now() - connectedAtMs < SILENT_MS) return '';
  return 'No sound arrives. Where two networks are between you, or the other phone cannot do WebRTC, sound finds no way.';
}; // prettier-ignore

export const CallView = ({ call, domain }: Readonly<{ call: PhoneCall; domain: string }>): JSX.Element => {
  const { phase, muted, held, sound, connectedAtMs, other } = call;
  const [keys, setKeys] = useState(false);
  useCallTitle(call);
  return (
    <section class="card call-view" aria-label="Call">
      <h2 class="breaks">{shownParty(other, domain)}</h2>
      <p role="status">{phaseWords(call)}</p>
      {phase === 'connected' && connectedAtMs !== undefined && <Clock sinceMs={connectedAtMs} />}
      <div class="call-buttons">
        {phase === 'incoming' && <Button kind="primary" onClick={() => phoneNow()?.answer()}>Answer</Button>}
        {phase === 'connected' && (
          <>
            <Button pressed={muted} onClick={() => phoneNow()?.mute(!muted)}>{muted ? 'Muted' : 'Mute'}</Button>
            <Button pressed={held} onClick={() => phoneNow()?.hold(!held)}>{held ? 'Resume' : 'Hold'}</Button>
            <Button pressed={keys} onClick={() => setKeys(!keys)}>Keys</Button>
          </>
        )}
        {phase === 'over' ? <Button onClick={dismissCall}>Close</Button> : <Button kind="danger" onClick={() => phoneNow()?.hangUp()}>{phase === 'incoming' ? 'Decline' : 'Hang up'}</Button>}
      </div>
      <Fault words={soundFault(call)} />
      {keys && phase === 'connected' && <KeyPad onKey={(key) => phoneNow()?.press(key)} />}
      {sound !== undefined && (
        <p class="hint sound">
          Sound packets: <output aria-label="Packets sent">{sound.sent}</output> sent, <output aria-label="Packets received">{sound.received}</output> received, {sound.lost} lost
          {sound.roundTripMs === null ? '' : `, ${sound.roundTripMs} ms there and back`}
        </p>
      )}
    </section>
  );
}; // prettier-ignore

/** On every other page than the phone's. */
export const PhoneBar = (): JSX.Element | null => {
  const { call, sipUri } = usePhone();
  useCallTitle(call);
  if (call === undefined || call.phase === 'over') return null;
  return (
    <aside class="phone-bar" aria-label="Phone">
      <p role="status"><strong class="breaks">{shownParty(call.other)}</strong> {phaseWords(call)}</p>
      <div class="actions">
        {call.phase === 'incoming' && <Button kind="primary" onClick={() => phoneNow()?.answer()}>Answer</Button>}
        <Button kind="danger" onClick={() => phoneNow()?.hangUp()}>{call.phase === 'incoming' ? 'Decline' : 'Hang up'}</Button>
        <Link to={`/phone/${encodeURIComponent(sipUri ?? '')}`}>Phone</Link>
      </div>
    </aside>
  );
}; // prettier-ignore
