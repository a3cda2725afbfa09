// What Ellis answers, as docs/ellis.md says it. Read by the pages.

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
  domain: string;
  pstn: boolean;
  gab_listed: boolean;
  private_id: string;
}>;
export type NewLine = Line & Readonly<{ sip_password?: string }>;

export type Device = Readonly<{
  id: string;
  contact: string;
  transport: string | null;
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

export type FoundSubscriber = Readonly<{ sip_uri: string; account: string | null }>;
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

export type CriteriaPreview = Readonly<{
  examined: number;
  calls: readonly Readonly<{
    id: string;
    at: number;
    method: string;
    session_case: string;
    from: string;
    request_uri: string;
    caught: readonly Readonly<{ priority: number; server: string; trigger: string }>[];
    unsure: readonly string[];
  }>[];
}>;
