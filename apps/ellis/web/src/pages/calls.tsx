// A line's calls, newest first, live. Path: /lines/<uri>/calls.
import type { JSX } from 'preact';
import { useRef } from 'preact/hooks';
import type { Call, Line } from '../api/contract.js';
import { callsOf } from '../api/ellis.js';
import { faultWords } from '../api/http.js';
import { withCall } from '../api/newest.js';
import { shownParty } from '../call-services/party.js';
import { useLiveLine } from '../live-line.js';
import { useLoaded } from '../loaded.js';
import { clockWords, momentWords } from '../moments.js';
import { usePortal } from '../portal-context.js';
import { Link } from '../router.js';
import { LiveMark } from '../ui/live-mark.js';
import { Empty, Show } from '../ui/page.js';
import { linePath } from './line-path.js';

const CALLS_ASKED = 50;

export const Calls = ({ line }: Readonly<{ line: Line }>): JSX.Element => {
  const { session, tell } = usePortal();
  const asked = () => callsOf(session.username, line.sip_uri, CALLS_ASKED);
  const calls = useLoaded(line.sip_uri, asked);
  /** Calls that were told while the list was on its way, which may be older. */
  const meanwhile = useRef<Set<string>>(undefined);
  const missed = async (): Promise<void> => {
    const told = new Set<string>();
    meanwhile.current = told;
    try {
      const list = await asked();
      calls.set((before) => list.filter(({ id }) => !told.has(id)).reduce(withCall, before));
    } catch (error) {
      tell(`Calls of the last moments may be missing. ${faultWords(error)}`);
    } finally {
      if (meanwhile.current === told) meanwhile.current = undefined;
    }
  };
  const live = useLiveLine(session.username, line.sip_uri, {
    onCalls: (news) => {
      for (const { id } of news) meanwhile.current?.add(id);
      calls.set((before) => news.reduce(withCall, before));
    },
    onFollowing: () => void missed(),
  });
  return (
    <section aria-label="Calls">
      <LiveMark state={live} />
      <Show of={calls}>
        {(list) => <CallList calls={list} domain={line.domain} pathOf={(id) => linePath(line, `calls/${encodeURIComponent(id)}`)} />}
      </Show>
    </section>
  );
}; // prettier-ignore

export type CallListProps = Readonly<{
  calls: readonly Call[];
  domain: string;
  pathOf: (id: string) => string;
}>;

export const CallList = ({ calls, domain, pathOf }: CallListProps): JSX.Element => {
  if (calls.length === 0)
    return (
      <Empty title="No calls yet">
        <p>Calls appear here as they happen, each with the steps that it went through.</p>
      </Empty>
    );
  const nowMs = Date.now();
  return (
    <ul class="calls">
      {calls.map((call) => (
        <li key={call.id}>
          <Link to={pathOf(call.id)} class={`call ${call.state}`}>
            <span class="call-direction" aria-hidden="true">{call.direction === 'incoming' ? '↙' : '↗'}</span>
            <span class="call-other breaks">
              <span class="unseen">{call.direction === 'incoming' ? 'From ' : 'To '}</span>
              {call.other === null ? 'Withheld' : shownParty(call.other, domain)}
            </span>
            <span class="call-words">{call.words}</span>
            <span class="call-state">{stateWords(call)}</span>
            <time class="call-time" dateTime={new Date(call.begun_at).toISOString()}>{momentWords(call.begun_at, nowMs)}</time>
          </Link>
        </li>
      ))}
    </ul>
  );
}; // prettier-ignore

const stateWords = ({ state, status, answered_at: from, ended_at: to, method }: Call): string => {
  switch (state) {
    case 'trying':
      return 'Ringing';
    case 'answered':
      return method === 'INVITE' ? 'In a call' : 'Delivered';
    case 'ended':
      return from === null || to === null ? 'Ended' : clockWords(to - from);
    case 'failed':
    case 'refused':
      return status === null ? 'Failed' : (STATUS_WORDS[status] ?? `Failed (${status})`);
  }
};

const STATUS_WORDS: Readonly<Record<number, string>> = {
  403: 'Not allowed',
  404: 'No such number',
  408: 'No answer',
  433: 'Refused: no number shown',
  480: 'Nobody there',
  486: 'Busy',
  487: 'Given up',
  600: 'Busy',
  603: 'Refused',
};
