// What the core does now: rates as plots, and what wants looking at. Live, once a second. Path: /admin.
import type { JSX } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import type { Figures } from '../api/contract.js';
import { follow, type LiveState } from '../api/live.js';
import { type Columns, withRow } from '../api/newest.js';
import { spanWords } from '../moments.js';
import { LiveMark } from '../ui/live-mark.js';
import { Empty } from '../ui/page.js';
import { Plot } from './plot.js';

/** Ten minutes of seconds. */
const SECONDS_SHOWN = 600;

type Seen = Readonly<{ last: Figures; rates: Columns; load: Columns }>;

const seenWith = (before: Seen | undefined, figures: Figures): Seen => {
  const { at, registrations_per_second: registrations, calls_per_second: calls, registered } = figures;
  const seconds = Math.round(at / 1000);
  return {
    last: figures,
    rates: withRow(before?.rates ?? [], [seconds, registrations, calls], SECONDS_SHOWN),
    load: withRow(before?.load ?? [], [seconds, registered], SECONDS_SHOWN),
  };
};

export const useFigures = (): Readonly<{ seen: Seen | undefined; live: LiveState }> => {
  const [seen, setSeen] = useState<Seen>();
  const [live, setLive] = useState<LiveState>('connecting');
  const frame = useRef(0);
  const kept = useRef<Seen>(undefined);
  useEffect(() => {
    const draw = (): void => {
      frame.current = 0;
      setSeen(kept.current);
    };
    const end = follow(
      '/operator/live',
      {
        figures: (data) => {
          kept.current = seenWith(kept.current, data as Figures);
          if (frame.current === 0) frame.current = requestAnimationFrame(draw);
        },
      },
      setLive,
    );
    return () => {
      cancelAnimationFrame(frame.current);
      end();
    };
  }, []);
  return { seen, live };
};

export const Overview = (): JSX.Element => {
  const { seen, live } = useFigures();
  return (
    <>
      <LiveMark state={live} />
      {seen === undefined ? <Empty title="Waiting for the first figures" /> : <Figured {...seen} />}
    </>
  );
};

const Figured = ({ last, rates, load }: Seen): JSX.Element => (
  <>
    <Tiles figures={last} />
    <section class="card">
      <h2>Registrations and calls a second</h2>
      <Plot label="Registrations and calls a second, over the last ten minutes" columns={rates} series={['Registrations', 'Calls']} />
    </section>
    {last.registered !== null && (
      <section class="card">
        <h2>Registered users</h2>
        <Plot label="Registered users, over the last ten minutes" columns={load} series={['Registered']} />
      </section>
    )}
    <Views figures={last} />
    <Peers figures={last} />
  </>
); // prettier-ignore

const shown = (value: number | null, digits = 0): string => (value === null ? '–' : value.toFixed(digits));

const Tile = ({
  name,
  value,
  bad,
}: Readonly<{ name: string; value: string; bad?: boolean }>): JSX.Element => (
  <div class={bad ? 'tile bad' : 'tile'}>
    <dt>{name}</dt>
    <dd>{value}</dd>
  </div>
);

const Tiles = ({ figures }: Readonly<{ figures: Figures }>): JSX.Element => {
  const {
    registrations_per_second: registrations,
    calls_per_second: calls,
    registered,
    timers,
    views,
  } = figures;
  const counts = (views ?? []).map(({ parked }) => parked).filter((parked) => parked !== null);
  const parked = counts.length === 0 ? null : counts.reduce((sum, one) => sum + one, 0);
  return (
    <dl class="tiles">
      <Tile name="Registrations/s" value={shown(registrations, 1)} />
      <Tile name="Calls/s" value={shown(calls, 1)} />
      <Tile name="Registered" value={shown(registered)} />
      <Tile name="Timers waiting" value={shown(timers?.waiting ?? null)} />
      <Tile
        name="Dead letters"
        value={shown(timers?.dead_letters ?? null)}
        bad={(timers?.dead_letters ?? 0) > 0}
      />
      <Tile name="Parked events" value={shown(parked)} bad={(parked ?? 0) > 0} />
    </dl>
  );
};

const Views = ({ figures: { views } }: Readonly<{ figures: Figures }>): JSX.Element => (
  <section class="card">
    <h2>Views</h2>
    <div class="table-box" role="region" aria-label="Views" tabIndex={0}>
      <table>
        <thead><tr><th scope="col">View</th><th scope="col">Behind the log</th><th scope="col">Parked events</th></tr></thead>
        <tbody>
          {(views ?? []).map(({ name, lag_ms, parked }) => (
            <tr key={name}>
              <th scope="row">{name}</th>
              <td>{lag_ms === null ? '–' : lag_ms < 1000 ? 'up to date' : spanWords(lag_ms)}</td>
              <td class={(parked ?? 0) > 0 ? 'bad' : ''}>{shown(parked)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
    <p class="hint">Parked events are shown and tried again by <code>npm run projector -- parked</code>, dead letters of timers by <code>npm run timers -- dead-letters</code>.</p>
  </section>
); // prettier-ignore

const Peers = ({ figures: { peers } }: Readonly<{ figures: Figures }>): JSX.Element | null =>
  peers === null || peers.length === 0 ? null : (
    <section class="card">
      <h2>Neighbours</h2>
      <ul class="caller-rows">
        {peers.map(({ name, up }) => (
          <li key={name}>
            <span class="breaks">{name}</span>
            <span class={up === false ? 'bad' : ''}>{up === null ? 'not known' : up ? 'up' : 'down'}</span>
          </li>
        ))}
      </ul>
    </section>
  );
