// What Ellis answers, as docs/ellis.md says it: the shapes that its core makes and the portal's pages read. Types alone and no import, so that a
// browser's code and a server's both can have them. What OpenAPI says of the same: http/schemas.ts and http/live-schemas.ts.

export type Role = 'user' | 'operator';

export type Session = Readonly<{ username: string; full_name: string; role: Role }>;

/** What the pages have to know before anybody is signed in. */
export type PortalFacts = Readonly<{
  home_domain: string;
  websockets: readonly string[];
  password_length_min: number;
  recovery_mail: boolean;
}>;

export type Line = Readonly<{
  sip_uri: string;
  sip_username: string;
  number: string;
  formatted_number: string;
  number_id: string;
  domain: string;
  pstn: boolean;
  gab_listed: boolean;
  private_id: string;
}>;
/** The password this once, and never where the private id was shared. */
export type NewLine = Line & Readonly<{ sip_password?: string }>;

/** Times are ms since 1970. */
export type Device = Readonly<{
  id: string;
  contact: string;
  transport: string | null;
  /** host[:port] */
  address: string | null;
  user_agent: string | null;
  since: number;
  expires_at: number;
}>;

export type CallState = 'trying' | 'answered' | 'ended' | 'failed' | 'refused';

export type Call = Readonly<{
  id: string;
  direction: 'outgoing' | 'incoming';
  method: string;
  /** null: withheld. */
  other: string | null;
  state: CallState;
  status: number | null;
  begun_at: number;
  answered_at: number | null;
  ended_at: number | null;
  words: string;
}>;

export type ParticipantKind = 'caller' | 'router' | 'server' | 'callee';
export type Participant = Readonly<{ id: string; label: string; kind: ParticipantKind }>;
export type LadderStep = Readonly<{
  at: number;
  from: string;
  to: string;
  label: string;
  words: string;
  details: readonly string[];
  failed: boolean;
}>;
export type Ladder = Readonly<{
  id: string;
  method: string;
  begun_at: number;
  participants: readonly Participant[];
  steps: readonly LadderStep[];
}>;

export type Contact = Readonly<{ email: string; full_name: string; numbers: readonly string[] }>;

/** What a process cannot know by itself is null. */
export type Figures = Readonly<{
  at: number;
  registrations_per_second: number | null;
  calls_per_second: number | null;
  registered: number | null;
  views: readonly Readonly<{ name: string; lag_ms: number | null; parked: number | null }>[] | null;
  timers: Readonly<{ waiting: number | null; dead_letters: number | null }> | null;
  peers: readonly Readonly<{ name: string; up: boolean | null }>[] | null;
}>;

/** Events that a view cannot fold, and those of the same stream that wait behind: by stream. */
export type ParkedStream = Readonly<{
  id: string;
  view: string;
  stream: string;
  reason: string;
  since: number;
  events: number;
}>;
/** null: this process keeps no views and knows of no projector. */
export type ParkedStreams = Readonly<{ parked: readonly ParkedStream[] | null; more: boolean }>;

/** A timer's callback that nobody took. */
export type DeadLetter = Readonly<{
  id: string;
  timer: string;
  sequence: number;
  uri: string;
  reason: string;
  tries: number;
  at: number;
}>;
/** null: no Chronos is known here. */
export type DeadLetters = Readonly<{ dead_letters: readonly DeadLetter[] | null; more: boolean }>;

export type FoundSubscriber = Readonly<{ sip_uri: string; account: string | null }>;
export type FoundSubscribers = Readonly<{ subscribers: readonly FoundSubscriber[]; next: string | null }>;
export type Subscriber = Readonly<{
  sip_uri: string;
  default_id: string;
  public_ids: readonly string[];
  private_ids: readonly string[];
  account: string | null;
  devices: readonly Device[];
  simservs: boolean;
  calls: readonly Call[];
}>;

export type CaughtCall = Readonly<{
  id: string;
  at: number;
  method: string;
  session_case: string;
  from: string;
  request_uri: string;
  caught: readonly Readonly<{ priority: number; server: string; trigger: string }>[];
  unsure: readonly string[];
}>;
export type CriteriaPreview = Readonly<{ examined: number; calls: readonly CaughtCall[] }>;
