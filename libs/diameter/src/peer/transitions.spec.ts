// Every row of RFC 6733 §5.6 driven through the machine with connections and a fake clock: the state that comes of it, and each action
// seen from outside. A row that nobody drives fails.
import { headerOf, UAR } from '../testing/samples.fixture.js';
import { nameOf, type Scripted, scriptedPeer, type Wire } from '../testing/scripted-peer.fixture.js';
import { writeMessage } from '../message/write-message.js';
import { type Action, OWN_TRANSITIONS, type PeerEvent, RFC_TRANSITIONS, type Row, type State, transitionOf, winsElection } from './transitions.js'; // prettier-ignore

/** From Closed to each state, by the events of the table alone. Here the other end wins elections: its name is the higher one. */
const REACH: Readonly<Record<State, (script: Scripted) => void>> = {
  Closed: () => undefined,
  'Wait-Conn-Ack': ({ peer }) => peer.start(),
  'Wait-I-CEA': (script) => (REACH['Wait-Conn-Ack'](script), script.connected()),
  'Wait-Conn-Ack/Elect': (script) => (REACH['Wait-Conn-Ack'](script), script.comes()),
  'Wait-Returns': (script) => (REACH['Wait-I-CEA'](script), script.comes()),
  'I-Open': (script) => (REACH['Wait-I-CEA'](script), script.cea()),
  'R-Open': (script) => script.comes(),
  Closing: (script) => (REACH['I-Open'](script), script.peer.stop()),
};

const CAUSES: Readonly<Record<PeerEvent, (script: Scripted) => void>> = {
  Start: ({ peer }) => peer.start(),
  Stop: ({ peer }) => peer.stop(),
  Timeout: ({ clock }) => clock.advance(5_000),
  'Win-Election': (script) => script.comes(),
  'R-Conn-CER': (script) => script.comes(),
  'I-Rcv-Conn-Ack': (script) => script.connected(),
  'I-Rcv-Conn-Nack': (script) => script.refused(),
  'I-Rcv-CEA': (script) => script.cea(),
  'I-Rcv-Non-CEA': (script) => script.dwr(script.dialled),
  'I-Peer-Disc': (script) => script.hangUp(script.dialled),
  'R-Peer-Disc': (script) => script.hangUp(script.accepted),
  'Send-Message': ({ peer }) => void peer.send(writeMessage(headerOf('UAR'), UAR)),
  'I-Rcv-Message': (script) => script.application(script.dialled),
  'R-Rcv-Message': (script) => script.application(script.accepted),
  'I-Rcv-DWR': (script) => script.dwr(script.dialled),
  'R-Rcv-DWR': (script) => script.dwr(script.accepted),
  'I-Rcv-DWA': (script) => (script.clock.advance(8_500), script.dwa(script.dialled)),
  'R-Rcv-DWA': (script) => (script.clock.advance(8_500), script.dwa(script.accepted)),
  'I-Rcv-DPR': (script) => script.dpr(script.dialled),
  'R-Rcv-DPR': (script) => script.dpr(script.accepted),
  'I-Rcv-DPA': (script) => script.dpa(script.dialled),
  'R-Rcv-DPA': (script) => script.dpa(script.accepted),
};

const sent = (side: readonly Wire[], name: string): boolean =>
  side.at(-1)?.sent.some((one) => nameOf(one) === name) ?? false;
const closed = (side: readonly Wire[]): boolean => side.at(-1)?.isClosed ?? false;

const SEEN: Readonly<Record<Action, (script: Scripted) => boolean>> = {
  'I-Snd-Conn-Req': ({ dialled }) => dialled.length > 0,
  'I-Snd-CER': ({ dialled }) => sent(dialled, '257R'),
  'R-Snd-CEA': ({ accepted }) => sent(accepted, '257A'),
  'R-Accept': ({ accepted }) => accepted.length > 0 && !closed(accepted),
  'R-Reject': ({ accepted }) => closed(accepted),
  'Process-CER': ({ peer }) => peer.remote?.host === peer.host,
  'Process-CEA': ({ peer }) => peer.remote?.host === peer.host,
  Elect: ({ peer }) => peer.state === 'Wait-Returns',
  Cleanup: ({ dialled }) => closed(dialled),
  Error: ({ dialled, accepted }) => (dialled.length === 0 || closed(dialled)) && (accepted.length === 0 || closed(accepted)),
  'I-Disc': ({ dialled }) => closed(dialled),
  'R-Disc': ({ accepted }) => closed(accepted),
  'I-Snd-DPR': ({ dialled }) => sent(dialled, '282R'),
  'R-Snd-DPR': ({ accepted }) => sent(accepted, '282R'),
  'I-Snd-DPA': ({ dialled }) => sent(dialled, '282A'),
  'R-Snd-DPA': ({ accepted }) => sent(accepted, '282A'),
  'I-Snd-DWA': ({ dialled }) => sent(dialled, '280A'),
  'R-Snd-DWA': ({ accepted }) => sent(accepted, '280A'),
  'I-Snd-Message': ({ dialled }) => sent(dialled, '300R'),
  'R-Snd-Message': ({ accepted }) => sent(accepted, '300R'),
  Process: ({ seen }) => seen.includes('request 300'),
  // Shown by the DWA that is sent, and by the peer that stays trusted.
  'Process-DWR': () => true,
  'Process-DWA': ({ peer, clock }) => (clock.advance(4_000), peer.isTrusted),
}; // prettier-ignore

/** Rows that begin on the other connection, or in an election that this end wins. */
const prepared = ([state, event]: Row): Scripted => {
  if (event === 'Win-Election') {
    const winner = scriptedPeer('c.ims.test', 'b.ims.test');
    REACH['Wait-I-CEA'](winner);
    return winner;
  }
  const script = scriptedPeer();
  if (state === 'Closing' && event.startsWith('R-') && event !== 'R-Conn-CER') {
    REACH['R-Open'](script);
    script.peer.stop();
  } else REACH[state](script);
  return script;
};

describe('RFC 6733 §5.6, row by row', () => {
  it.each(RFC_TRANSITIONS.map((row) => [`${row[0]}: ${row[1]} → ${row[3]}`, row] as const))('%s', (_name, row) => {
    const [state, event, actions, next] = row;
    const script = prepared(row);
    if (event !== 'Win-Election') expect(script.peer.state).toBe(state);
    CAUSES[event](script);
    expect(script.peer.state).toBe(next);
    for (const action of actions) expect([action, SEEN[action](script)]).toEqual([action, true]);
  });

  it.each(OWN_TRANSITIONS.map((row) => [`${row[0]}: ${row[1]} → ${row[3]}`, row] as const))('ours: %s', (_name, row) => {
    const script = prepared(row);
    CAUSES[row[1]](script);
    expect(script.peer.state).toBe(row[3]);
    for (const action of row[2]) expect([action, SEEN[action](script)]).toEqual([action, true]);
  });

  it('has 43 rows, and no pair of state and event twice', () => {
    expect(RFC_TRANSITIONS).toHaveLength(43);
    const pairs = [...RFC_TRANSITIONS, ...OWN_TRANSITIONS].map(([state, event]) => `${state}/${event}`);
    expect(new Set(pairs).size).toBe(pairs.length);
  });

  it('passes over what means nothing in a state', () => {
    expect(transitionOf('Closed', 'I-Rcv-CEA')).toBeUndefined();
    const script = scriptedPeer();
    REACH['I-Open'](script);
    script.peer.start();
    expect(script.peer.state).toBe('I-Open');
  });

  it('elects by octets, case aside', () => {
    expect(winsElection('b.test', 'a.test')).toBe(true);
    expect(winsElection('A.test', 'b.test')).toBe(false);
    expect(winsElection('a.test', 'A.TEST')).toBe(false);
  });
}); // prettier-ignore
