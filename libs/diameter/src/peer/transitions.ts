// The peer state machine of RFC 6733 §5.6, row by row and in its order, so that it can be held against the RFC by eye; what we add
// stands behind it. I-: on the connection that we opened; R-: on the one that the peer opened. Read by peer.ts, which acts.

export type State =
  | 'Closed'
  | 'Wait-Conn-Ack'
  | 'Wait-I-CEA'
  | 'Wait-Conn-Ack/Elect'
  | 'Wait-Returns'
  | 'R-Open'
  | 'I-Open'
  | 'Closing';

export type PeerEvent =
  | 'Start'
  | 'Stop'
  | 'Timeout'
  | 'Win-Election'
  | 'R-Conn-CER'
  | 'I-Rcv-Conn-Ack'
  | 'I-Rcv-Conn-Nack'
  | 'I-Rcv-CEA'
  | 'I-Rcv-Non-CEA'
  | 'I-Peer-Disc'
  | 'R-Peer-Disc'
  | 'Send-Message'
  | 'I-Rcv-Message'
  | 'R-Rcv-Message'
  | 'I-Rcv-DWR'
  | 'R-Rcv-DWR'
  | 'I-Rcv-DWA'
  | 'R-Rcv-DWA'
  | 'I-Rcv-DPR'
  | 'R-Rcv-DPR'
  | 'I-Rcv-DPA'
  | 'R-Rcv-DPA';

export type Action =
  | 'I-Snd-Conn-Req'
  | 'R-Accept'
  | 'R-Reject'
  | 'Process-CER'
  | 'R-Snd-CEA'
  | 'I-Snd-CER'
  | 'Process-CEA'
  | 'Cleanup'
  | 'Error'
  | 'Elect'
  | 'I-Disc'
  | 'R-Disc'
  | 'I-Snd-Message'
  | 'R-Snd-Message'
  | 'Process'
  | 'Process-DWR'
  | 'I-Snd-DWA'
  | 'R-Snd-DWA'
  | 'Process-DWA'
  | 'I-Snd-DPR'
  | 'R-Snd-DPR'
  | 'I-Snd-DPA'
  | 'R-Snd-DPA';

export type Row = readonly [state: State, event: PeerEvent, actions: readonly Action[], next: State];

/** RFC 6733 §5.6. */
export const RFC_TRANSITIONS: readonly Row[] = [
  ['Closed', 'Start', ['I-Snd-Conn-Req'], 'Wait-Conn-Ack'],
  ['Closed', 'R-Conn-CER', ['R-Accept', 'Process-CER', 'R-Snd-CEA'], 'R-Open'],

  ['Wait-Conn-Ack', 'I-Rcv-Conn-Ack', ['I-Snd-CER'], 'Wait-I-CEA'],
  ['Wait-Conn-Ack', 'I-Rcv-Conn-Nack', ['Cleanup'], 'Closed'],
  ['Wait-Conn-Ack', 'R-Conn-CER', ['R-Accept', 'Process-CER'], 'Wait-Conn-Ack/Elect'],
  ['Wait-Conn-Ack', 'Timeout', ['Error'], 'Closed'],

  ['Wait-I-CEA', 'I-Rcv-CEA', ['Process-CEA'], 'I-Open'],
  ['Wait-I-CEA', 'R-Conn-CER', ['R-Accept', 'Process-CER', 'Elect'], 'Wait-Returns'],
  ['Wait-I-CEA', 'I-Peer-Disc', ['I-Disc'], 'Closed'],
  ['Wait-I-CEA', 'I-Rcv-Non-CEA', ['Error'], 'Closed'],
  ['Wait-I-CEA', 'Timeout', ['Error'], 'Closed'],

  ['Wait-Conn-Ack/Elect', 'I-Rcv-Conn-Ack', ['I-Snd-CER', 'Elect'], 'Wait-Returns'],
  ['Wait-Conn-Ack/Elect', 'I-Rcv-Conn-Nack', ['R-Snd-CEA'], 'R-Open'],
  ['Wait-Conn-Ack/Elect', 'R-Peer-Disc', ['R-Disc'], 'Wait-Conn-Ack'],
  ['Wait-Conn-Ack/Elect', 'R-Conn-CER', ['R-Reject'], 'Wait-Conn-Ack/Elect'],
  ['Wait-Conn-Ack/Elect', 'Timeout', ['Error'], 'Closed'],

  ['Wait-Returns', 'Win-Election', ['I-Disc', 'R-Snd-CEA'], 'R-Open'],
  ['Wait-Returns', 'I-Peer-Disc', ['I-Disc', 'R-Snd-CEA'], 'R-Open'],
  ['Wait-Returns', 'I-Rcv-CEA', ['R-Disc'], 'I-Open'],
  ['Wait-Returns', 'R-Peer-Disc', ['R-Disc'], 'Wait-I-CEA'],
  ['Wait-Returns', 'R-Conn-CER', ['R-Reject'], 'Wait-Returns'],
  ['Wait-Returns', 'Timeout', ['Error'], 'Closed'],

  ['R-Open', 'Send-Message', ['R-Snd-Message'], 'R-Open'],
  ['R-Open', 'R-Rcv-Message', ['Process'], 'R-Open'],
  ['R-Open', 'R-Rcv-DWR', ['Process-DWR', 'R-Snd-DWA'], 'R-Open'],
  ['R-Open', 'R-Rcv-DWA', ['Process-DWA'], 'R-Open'],
  ['R-Open', 'R-Conn-CER', ['R-Reject'], 'R-Open'],
  ['R-Open', 'Stop', ['R-Snd-DPR'], 'Closing'],
  ['R-Open', 'R-Rcv-DPR', ['R-Snd-DPA'], 'Closing'],
  ['R-Open', 'R-Peer-Disc', ['R-Disc'], 'Closed'],

  ['I-Open', 'Send-Message', ['I-Snd-Message'], 'I-Open'],
  ['I-Open', 'I-Rcv-Message', ['Process'], 'I-Open'],
  ['I-Open', 'I-Rcv-DWR', ['Process-DWR', 'I-Snd-DWA'], 'I-Open'],
  ['I-Open', 'I-Rcv-DWA', ['Process-DWA'], 'I-Open'],
  ['I-Open', 'R-Conn-CER', ['R-Reject'], 'I-Open'],
  ['I-Open', 'Stop', ['I-Snd-DPR'], 'Closing'],
  ['I-Open', 'I-Rcv-DPR', ['I-Snd-DPA'], 'Closing'],
  ['I-Open', 'I-Peer-Disc', ['I-Disc'], 'Closed'],

  ['Closing', 'I-Rcv-DPA', ['I-Disc'], 'Closed'],
  ['Closing', 'R-Rcv-DPA', ['R-Disc'], 'Closed'],
  ['Closing', 'Timeout', ['Error'], 'Closed'],
  ['Closing', 'I-Peer-Disc', ['I-Disc'], 'Closed'],
  ['Closing', 'R-Peer-Disc', ['R-Disc'], 'Closed'],
];

/** What the RFC leaves open: an end before the peer is open; what still comes while closing; an answer that is none in an election. */
export const OWN_TRANSITIONS: readonly Row[] = [
  ['Wait-Conn-Ack', 'Stop', ['Error'], 'Closed'],
  ['Wait-Conn-Ack/Elect', 'Stop', ['Error'], 'Closed'],
  ['Wait-I-CEA', 'Stop', ['Error'], 'Closed'],
  ['Wait-Returns', 'Stop', ['Error'], 'Closed'],
  ['Wait-Returns', 'I-Rcv-Non-CEA', ['I-Disc', 'R-Snd-CEA'], 'R-Open'],
  // Both ends asked to end at once; answers to what was sent before are still taken.
  ['Closing', 'I-Rcv-DPR', ['I-Snd-DPA'], 'Closing'],
  ['Closing', 'R-Rcv-DPR', ['R-Snd-DPA'], 'Closing'],
  ['Closing', 'I-Rcv-Message', ['Process'], 'Closing'],
  ['Closing', 'R-Rcv-Message', ['Process'], 'Closing'],
  ['Closing', 'R-Conn-CER', ['R-Reject'], 'Closing'],
];

export type Transition = Readonly<{ actions: readonly Action[]; next: State }>;

const TABLE = new Map<State, Map<PeerEvent, Transition>>();
for (const [state, event, actions, next] of [...RFC_TRANSITIONS, ...OWN_TRANSITIONS]) {
  const events = TABLE.get(state) ?? new Map<PeerEvent, Transition>();
  TABLE.set(state, events.set(event, { actions, next }));
}

/** undefined: the event means nothing in that state, and is passed over. */
export const transitionOf = (state: State, event: PeerEvent): Transition | undefined =>
  TABLE.get(state)?.get(event);

/** Octets a–z count as A–Z; the higher one keeps the connection that the other opened. RFC 6733 §5.6.4. */
export const winsElection = (local: string, remote: string): boolean =>
  local.toLowerCase() > remote.toLowerCase();
