// Devices that are registered now, live. Path: /lines/<uri>/devices.
import type { JSX } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import type { Device, Line } from '../api/contract.js';
import { devicesOf } from '../api/ellis.js';
import { useLiveLine } from '../live-line.js';
import { useLoaded } from '../loaded.js';
import { momentWords, spanWords } from '../moments.js';
import { usePortal } from '../portal-context.js';
import { LiveMark } from '../ui/live-mark.js';
import { Empty, Show } from '../ui/page.js';

const TICK_MS = 1_000;

const TRANSPORTS: Readonly<Record<string, string>> = {
  udp: 'UDP',
  tcp: 'TCP',
  tls: 'TLS',
  ws: 'WebSocket',
  wss: 'secure WebSocket',
};

/** The time, every second. */
export const useNow = (): number => {
  const [nowMs, setNowMs] = useState(() => Date.now());
  useEffect(() => {
    const timer = setInterval(() => setNowMs(Date.now()), TICK_MS);
    return () => clearInterval(timer);
  }, []);
  return nowMs;
};

export const Devices = ({ line }: Readonly<{ line: Line }>): JSX.Element => {
  const { session } = usePortal();
  const devices = useLoaded(line.sip_uri, () => devicesOf(session.username, line.sip_uri));
  const live = useLiveLine(session.username, line.sip_uri, { onDevices: (list) => devices.set(() => list) });
  return (
    <section aria-label="Devices that are registered now">
      <LiveMark state={live} />
      <Show of={devices}>{(list) => <DeviceList devices={list} />}</Show>
    </section>
  );
};

export const DeviceList = ({ devices }: Readonly<{ devices: readonly Device[] }>): JSX.Element => {
  const nowMs = useNow();
  const present = devices.filter(({ expires_at }) => expires_at > nowMs);
  if (present.length === 0)
    return (
      <Empty title="No device is registered">
        <p>Calls to this line find nobody at the moment, unless they are diverted.</p>
      </Empty>
    );
  return (
    <ul class="cards">
      {present.map(({ id, contact, transport, address, user_agent, since, expires_at }) => (
        <li key={id} class="card device">
          <h2>{user_agent ?? 'A device'}</h2>
          <dl class="facts">
            <dt>Over</dt><dd>{transport === null ? 'unknown' : (TRANSPORTS[transport] ?? transport)}</dd>
            {address !== null && <><dt>From</dt><dd><code>{address}</code></dd></>}
            <dt>Since</dt><dd>{momentWords(since, nowMs)}</dd>
            <dt>Expires in</dt><dd>{spanWords(expires_at - nowMs)}</dd>
            <dt>Contact</dt><dd><code class="breaks">{contact}</code></dd>
          </dl>
        </li>
      ))}
    </ul>
  );
}; // prettier-ignore
