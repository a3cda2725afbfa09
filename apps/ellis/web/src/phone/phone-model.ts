// What the phone in the page is to the pages: its state, its call, what can be asked of it. Types only, so that who shows it does not load it.

/** `ha1`: of the password only what a digest needs. */
export type PhoneCredentials = Readonly<{ sipUri: string; privateId: string; realm: string; ha1: string }>;

export type Registration = 'off' | 'connecting' | 'registered' | 'failed';
export type CallPhase = 'calling' | 'ringing' | 'incoming' | 'connected' | 'over';

/** What goes over the wire, as the browser counts it. */
export type Sound = Readonly<{ sent: number; received: number; lost: number; roundTripMs: number | null }>;

export type PhoneCall = Readonly<{
  direction: 'incoming' | 'outgoing';
  other: string;
  phase: CallPhase;
  connectedAtMs: number | undefined;
  muted: boolean;
  held: boolean;
  heldByOther: boolean;
  /** How it ended, in words. */
  end: string;
  sound: Sound | undefined;
}>;

export type PhoneState = Readonly<{
  sipUri: string | undefined;
  registration: Registration;
  fault: string;
  /** The password is not the right one. */
  refused: boolean;
  call: PhoneCall | undefined;
}>;

export interface Phone {
  call(uri: string): void;
  answer(): void;
  hangUp(): void;
  mute(on: boolean): void;
  hold(on: boolean): void;
  press(key: string): void;
  useMicrophone(deviceId: string): Promise<void>;
  stop(): void;
}
