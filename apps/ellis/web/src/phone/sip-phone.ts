// The phone in the page: SIP over WebSocket (RFC 7118) and the sound over WebRTC, by JsSIP. One call at a time; who calls meanwhile hears that
// the line is busy. Loaded when the phone is first wanted. State: phone-state.ts.
import JsSIP from 'jssip';
import type { RTCSession } from 'jssip/lib/RTCSession.js';
import type { Phone, PhoneCall, PhoneCredentials, PhoneState, Sound } from './phone-model.js';
import { startRinging } from './ringing.js';

const REGISTER_EXPIRES_S = 300;
const SOUND_EVERY_MS = 1_000;
/** Candidates that come later are not waited for: all of ours are local. */
const CANDIDATES_MS_MAX = 1_000;
const BUSY = 486;

export type SipPhoneOptions = Readonly<{
  credentials: PhoneCredentials;
  sockets: readonly string[];
  /** Which device this is (RFC 5626 §4.1): a UUID. */
  instanceId: string;
  read: () => PhoneState;
  change: (part: Partial<PhoneState>) => void;
}>;

/** RFC 2617 §3.2.2.2: what a digest needs of a password. */
export const ha1Of = (user: string, realm: string, password: string): string =>
  JsSIP.Utils.calculateMD5(`${user}:${realm}:${password}`);

export const createSipPhone = (options: SipPhoneOptions): Phone => {
  const { credentials, sockets, instanceId, change } = options;
  const { sipUri, privateId, realm, ha1 } = credentials;
  const ua = new JsSIP.UA({
    sockets: sockets.map((url) => new JsSIP.WebSocketInterface(url)),
    uri: sipUri,
    authorization_user: privateId,
    realm,
    ha1,
    register: true,
    register_expires: REGISTER_EXPIRES_S,
    session_timers: false,
    instance_id: instanceId,
    user_agent: 'Clearwater portal',
  });
  const line = new CallLine(options);
  let wasConnected = false;
  ua.on('connecting', () => change({ registration: 'connecting' }));
  ua.on('connected', () => void (wasConnected = true));
  // Tried again by JsSIP itself, after 2 to 30 s.
  ua.on('disconnected', () => change({ registration: 'connecting', fault: wasConnected ? 'The connection is lost; trying again.' : 'The phone cannot reach its server; trying again. Calls come in once it does.' }));
  ua.on('registered', () => change({ registration: 'registered', fault: '', refused: false }));
  ua.on('registrationFailed', ({ response }) => {
    const status = response?.status_code;
    const refused = status === 401 || status === 403;
    const why = status === undefined ? 'no answer came' : `the server says ${status}`;
    const fault = refused ? 'The password is not the one of this line.' : `The line could not be registered: ${why}. It is tried again in half a minute.`;
    change({ registration: 'failed', fault, refused });
  });
  ua.on('newRTCSession', ({ originator, session }: { originator: string; session: RTCSession }) => {
    if (originator !== 'remote') return;
    if (line.busy) session.terminate({ status_code: BUSY });
    else line.offered(session);
  });
  ua.start();
  return {
    call: (uri) => {
      if (line.busy) return;
      line.begins(ua.call(uri, line.mediaOptions()), uri);
    },
    answer: () => line.answer(),
    hangUp: () => line.hangUp(),
    mute: (on) => line.mute(on),
    hold: (on) => line.hold(on),
    press: (key) => line.press(key),
    useMicrophone: (deviceId) => line.useMicrophone(deviceId),
    stop: () => {
      line.hangUp();
      ua.stop();
    },
  };
}; // prettier-ignore

/** The one call of the phone. */
class CallLine {
  #session: RTCSession | undefined;
  #microphone = '';
  #timer: ReturnType<typeof setInterval> | undefined;
  #stopRinging: (() => void) | undefined;
  readonly #speaker = new Audio();

  constructor(private readonly options: Pick<SipPhoneOptions, 'read' | 'change'>) {
    this.#speaker.autoplay = true;
  }

  get busy(): boolean {
    return this.#session !== undefined;
  }

  mediaOptions() {
    const audio = this.#microphone === '' ? true : { deviceId: { ideal: this.#microphone } };
    return { mediaConstraints: { audio, video: false }, pcConfig: { iceServers: [] } };
  }

  begins(session: RTCSession, other: string): void {
    this.#open(session, { direction: 'outgoing', other, phase: 'calling' });
    session.on('progress', () => this.#change({ phase: 'ringing' }));
  }

  offered(session: RTCSession): void {
    this.#open(session, {
      direction: 'incoming',
      other: session.remote_identity.uri.toString(),
      phase: 'incoming',
    });
    this.#stopRinging = startRinging();
  }

  answer(): void {
    this.#session?.answer(this.mediaOptions());
  }

  hangUp(): void {
    const session = this.#session;
    if (session !== undefined && !session.isEnded()) session.terminate();
  }

  mute(on: boolean): void {
    if (on) this.#session?.mute({ audio: true });
    else this.#session?.unmute({ audio: true });
  }

  hold(on: boolean): void {
    if (on) this.#session?.hold();
    else this.#session?.unhold();
  }

  press(key: string): void {
    this.#session?.sendDTMF(key, { transportType: JsSIP.C.DTMF_TRANSPORT.RFC2833 }); // prettier-ignore
  }

  /** For this call too. */
  async useMicrophone(deviceId: string): Promise<void> {
    this.#microphone = deviceId;
    const sender = this.#session?.connection?.getSenders().find(({ track }) => track?.kind === 'audio');
    if (sender === undefined) return;
    const stream = await navigator.mediaDevices.getUserMedia({ audio: { deviceId: { exact: deviceId } } });
    const [track] = stream.getAudioTracks();
    const before = sender.track;
    if (track === undefined) return;
    track.enabled = before?.enabled ?? true;
    await sender.replaceTrack(track);
    before?.stop();
  }

  #open(session: RTCSession, call: Pick<PhoneCall, 'direction' | 'other' | 'phase'>): void {
    this.#session = session;
    const first = { connectedAtMs: undefined, muted: false, held: false, heldByOther: false, end: '', sound: undefined };
    this.options.change({ call: { ...first, ...call } });
    this.#listen(session);
    // Of a call of ours it is there already; of a call that comes in it is made by answering.
    if (session.connection) this.#sound(session.connection);
    else session.on('peerconnection', ({ peerconnection }) => this.#sound(peerconnection));
  } // prettier-ignore

  #listen(session: RTCSession): void {
    session.on('confirmed', () => {
      this.#quiet();
      if (this.#now()?.phase === 'connected') return;
      this.#change({ phase: 'connected', connectedAtMs: Date.now() });
      this.#timer ??= setInterval(() => void this.#count(), SOUND_EVERY_MS);
    });
    session.on('muted', () => this.#change({ muted: true }));
    session.on('unmuted', () => this.#change({ muted: false }));
    session.on('hold', ({ originator }) => this.#change(isOurs(originator) ? { held: true } : { heldByOther: true })); // prettier-ignore
    session.on('unhold', ({ originator }) => this.#change(isOurs(originator) ? { held: false } : { heldByOther: false })); // prettier-ignore
    session.on('ended', () => this.#over('The call has ended.'));
    // Comes after the end of the call that it is the reason of.
    session.on('getusermediafailed', (error: unknown) => this.#change({ end: microphoneFault(error) }));
    session.on('failed', ({ cause, originator }) => this.#over(END_WORDS[cause] ?? (isOurs(originator) ? 'Given up.' : `The call failed: ${cause}.`))); // prettier-ignore
    let waiting: ReturnType<typeof setTimeout> | undefined;
    session.on('icecandidate', ({ ready }) => {
      waiting ??= setTimeout(ready, CANDIDATES_MS_MAX);
    });
  }

  #sound(connection: RTCPeerConnection): void {
    connection.addEventListener('track', ({ streams, track }) => {
      this.#speaker.srcObject = streams[0] ?? new MediaStream([track]);
      // A page that nobody has touched may be refused to make a sound; who answers has touched it.
      void this.#speaker.play().catch(() => undefined);
    });
  }

  async #count(): Promise<void> {
    const connection = this.#session?.connection;
    if (!connection) return;
    const report = await connection.getStats().catch(() => undefined);
    if (report !== undefined && this.#session !== undefined) this.#change({ sound: soundOf(report) });
  }

  #over(end: string): void {
    this.#quiet();
    clearInterval(this.#timer);
    this.#timer = undefined;
    this.#session = undefined;
    this.#speaker.srcObject = null;
    this.#change({ phase: 'over', end });
  }

  #quiet(): void {
    this.#stopRinging?.();
    this.#stopRinging = undefined;
  }

  #now(): PhoneCall | undefined {
    return this.options.read().call;
  }

  #change(part: Partial<PhoneCall>): void {
    const call = this.#now();
    if (call !== undefined) this.options.change({ call: { ...call, ...part } });
  }
}

/** JsSIP's own enumeration has these texts for values. */
const isOurs = (originator: string): boolean => originator === 'local';

const END_WORDS: Readonly<Record<string, string>> = {
  Busy: 'The other line is busy.',
  Rejected: 'The call was refused.',
  Unavailable: 'Nobody is there at the moment.',
  'Not Found': 'There is no such number.',
  Canceled: 'The call was given up.',
  'No Answer': 'Nobody answered.',
  'Address Incomplete': 'The number is not complete.',
  'Authentication Error': 'The password is not the one of this line.',
  'Connection Error': 'The connection was lost.',
  'Request Timeout': 'No answer came.',
  'User Denied Media Access': 'No microphone can be used.',
  'WebRTC Error': 'The browser could not set up the sound.',
  'Incompatible SDP': 'The other phone cannot exchange sound with a browser.',
  'Bad Media Description': 'The other phone cannot exchange sound with a browser.',
};

/** What getUserMedia rejects with: W3C Media Capture and Streams §10.2.2. */
const microphoneFault = (error: unknown): string => {
  switch (error instanceof DOMException ? error.name : '') {
    case 'NotAllowedError':
      return 'The browser does not let this page use the microphone. Allow it beside the address of the page, then call again.';
    case 'NotFoundError':
    case 'OverconstrainedError':
      return 'There is no microphone. Connect one, then call again.';
    case 'NotReadableError':
      return 'The microphone does not work. Perhaps another program uses it.';
    default:
      return 'No microphone can be used.';
  }
}; // prettier-ignore

const soundOf = (report: RTCStatsReport): Sound => {
  let [sent, received, lost] = [0, 0, 0];
  let roundTripMs: number | null = null;
  report.forEach((one: Readonly<Record<string, unknown>>) => {
    const number = (name: string): number => (typeof one[name] === 'number' ? one[name] : 0);
    if (one['kind'] === 'audio' && one['type'] === 'outbound-rtp') sent += number('packetsSent');
    if (one['kind'] === 'audio' && one['type'] === 'inbound-rtp') {
      received += number('packetsReceived');
      lost += number('packetsLost');
    }
    if (one['type'] === 'remote-inbound-rtp' && typeof one['roundTripTime'] === 'number')
      roundTripMs = Math.round(one['roundTripTime'] * 1000);
  });
  return { sent, received, lost, roundTripMs };
};
