// What the core does now: rates as plots, and what wants looking at. Live, once a second. Path: /admin.
import type { JSX } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import type { Figures } from '../api/contract.js';
import { follow, type LiveState } from '../api/live.js';
import { type Columns, withRow } from '../api/newest.js';
import { spanWords } from '../moments.js';
import { Link } from '../router.js';
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
    const end = follow({
      url: '/operator/live',
      listeners: {
        figures: (data) => {
          kept.current = seenWith(kept.current, data as Figures);
          if (frame.current === 0) frame.current = requestAnimationFrame(draw);
        },
      },
      onState: setLive,
      // Who comes back to it wants to see the last ten minutes.
      whileHidden: true,
    });
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

const NOT_KNOWN = 'not known';

const shown = (value: number | null, digits = 0): string | null =>
  value === null ? null : value.toLocaleString(undefined, { minimumFractionDigits: digits, maximumFractionDigits: digits }); // prettier-ignore

type TileProps = Readonly<{ name: string; value: string | null; bad?: boolean; to?: string }>;

const Tile = ({ name, value, bad = false, to }: TileProps): JSX.Element => (
  <div class={bad ? 'tile bad' : 'tile'}>
    <dt>{name}</dt>
    <dd class={value === null ? 'not-known' : ''}>
      {value ?? NOT_KNOWN}
      {bad && to !== undefined && <Link to={to} label={`Look at: ${name.toLowerCase()}`}>Look</Link>}
    </dd>
  </div>
); // prettier-ignore

/** null: not one of them is known. */
const sumOf = (counts: readonly (number | null)[]): number | null => {
  const known = counts.filter((count) => count !== null);
  return known.length === 0 ? null : known.reduce((sum, one) => sum + one, 0);
};

const Tiles = ({ figures }: Readonly<{ figures: Figures }>): JSX.Element => {
  const {
    registrations_per_second: registrations,
    calls_per_second: calls,
    registered,
    timers,
    views,
  } = figures;
  const parked = sumOf((views ?? []).map((view) => view.parked));
  const { waiting, dead_letters: dead } = timers ?? { waiting: null, dead_letters: null };
  return (
    <dl class="tiles">
      <Tile name="Registrations/s" value={shown(registrations, 1)} />
      <Tile name="Calls/s" value={shown(calls, 1)} />
      <Tile name="Registered" value={shown(registered)} />
      <Tile name="Timers waiting" value={shown(waiting)} />
      <Tile name="Dead letters" value={shown(dead)} bad={(dead ?? 0) > 0} to="/admin/dead-letters" />
      <Tile name="Parked events" value={shown(parked)} bad={(parked ?? 0) > 0} to="/admin/parked" />
    </dl>
  );
};

const lagWords = (lagMs: number | null): string =>
  lagMs === null ? NOT_KNOWN : lagMs < 1_000 ? 'up to date' : spanWords(lagMs);

const Views = ({ figures: { views } }: Readonly<{ figures: Figures }>): JSX.Element => (
  <section class="card">
    <h2>Views</h2>
    {views === null || views.length === 0 ? (
      <p class="quiet">This process keeps none: <code>npm run projector -- status</code> asks the one that does.</p>
    ) : (
      <div class="table-box" role="region" aria-label="Views" tabIndex={0}>
        <table>
          <thead><tr><th scope="col">View</th><th scope="col">Behind the log</th><th scope="col">Parked events</th></tr></thead>
          <tbody>
            {views.map(({ name, lag_ms, parked }) => (
              <tr key={name}>
                <th scope="row">{name}</th>
                <td>{lagWords(lag_ms)}</td>
                <td class={(parked ?? 0) > 0 ? 'bad' : ''}>{shown(parked) ?? NOT_KNOWN}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    )}
  </section>
); // prettier-ignore

const healthWords = (up: boolean | null): string => (up === null ? NOT_KNOWN : up ? 'up' : 'down');

const Peers = ({ figures: { peers } }: Readonly<{ figures: Figures }>): JSX.Element => (
  <section class="card">
    <h2>Neighbours</h2>
    {peers === null && <p class="quiet">Their health is not known in this process.</p>}
    {peers?.length === 0 && <p class="quiet">There are none: everything is in this process.</p>}
    <ul class="caller-rows">
      {(peers ?? []).map(({ name, up }) => (
        <li key={name}>
          <span class="breaks">{name}</span>
          <span class={up === false ? 'health down' : up ? 'health up' : 'health'}>{healthWords(up)}</span>
        </li>
      ))}
    </ul>
  </section>
); // prettier-ignore
