// A JsSIP client in Node: the library that web phones use, over ws, with a peer connection that only pretends (signalling alone is
// under test; docs/conformance.md). Used by accept 1.3.
import JsSIP, { type UA } from 'jssip';
import { WebSocket } from 'ws';
import { sdpOffer } from './sip-text.js';
import type { User } from './users.js';

type Description = Readonly<{ type: string; sdp: string }>;

/** As much of RTCPeerConnection as JsSIP asks for; its SDP is that of any phone. */
class PretendedPeerConnection {
  readonly iceGatheringState = 'complete';
  readonly iceConnectionState = 'connected';
  signalingState = 'stable';
  localDescription: Description | undefined;
  remoteDescription: Description | undefined;

  createOffer(): Promise<Description> {
    return Promise.resolve({ type: 'offer', sdp: sdpOffer('jssip') });
  }
  createAnswer(): Promise<Description> {
    return Promise.resolve({ type: 'answer', sdp: sdpOffer('jssip') });
  }
  setLocalDescription(description: Description): Promise<void> {
    this.localDescription = description;
    this.signalingState = description.type === 'offer' ? 'have-local-offer' : 'stable';
    return Promise.resolve();
  }
  setRemoteDescription(description: Description): Promise<void> {
    this.remoteDescription = description;
    this.signalingState = description.type === 'offer' ? 'have-remote-offer' : 'stable';
    return Promise.resolve();
  }
  getSenders(): readonly never[] {
    return [];
  }
  addTrack(): void {
    // no media
  }
  addEventListener(): void {
    // its state never changes
  }
  removeEventListener(): void {
    // nothing was added
  }
  close(): void {
    this.signalingState = 'closed';
  }
}

class PretendedDescription {
  readonly type: string;
  readonly sdp: string;
  constructor({ type, sdp }: Description) {
    this.type = type;
    this.sdp = sdp;
  }
}

/** JsSIP looks for a browser's globals. */
const pretendBrowser = (): void => {
  const globals = globalThis as Record<string, unknown>;
  globals['window'] = globalThis;
  globals['RTCPeerConnection'] = PretendedPeerConnection;
  globals['RTCSessionDescription'] = PretendedDescription;
};

/** JsSIP's Socket interface over ws. */
const createSocket = (url: string) => {
  let ws: WebSocket | undefined;
  const socket = {
    via_transport: 'WS',
    url,
    sip_uri: `sip:${new URL(url).host};transport=ws`,
    onconnect: (): void => undefined,
    ondisconnect: (_error: boolean, _code?: number, _reason?: string): void => undefined,
    ondata: (_data: unknown): void => undefined,
    connect(): void {
      ws = new WebSocket(url, 'sip');
      ws.on('open', () => socket.onconnect());
      ws.on('message', (data: Buffer) => socket.ondata(data.toString('utf8')));
      ws.on('close', (code) => socket.ondisconnect(code !== 1000, code));
      ws.on('error', () => undefined); // 'close' follows
    },
    disconnect: (): void => ws?.close(),
    send(message: string): boolean {
      if (ws?.readyState !== WebSocket.OPEN) return false;
      ws.send(message);
      return true;
    },
    isConnected: (): boolean => ws?.readyState === WebSocket.OPEN,
    isConnecting: (): boolean => ws?.readyState === WebSocket.CONNECTING,
  };
  return socket;
};

export type JsSipOptions = Readonly<{ user: User; password: string; port: number }>;

/** A UA that is not started yet; it registers when it is. */
export const createJsSip = ({ user, password, port }: JsSipOptions): UA => {
  pretendBrowser();
  const socket = createSocket(`ws://127.0.0.1:${port}`);
  return new JsSIP.UA({
    sockets: socket,
    uri: user.impu,
    authorization_user: user.impi,
    password,
    register: true,
    register_expires: 300,
    session_timers: false,
  });
};
