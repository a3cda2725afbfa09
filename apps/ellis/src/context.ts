// What Ellis works with, and what its handlers are given. Made by start-ellis.ts and by tests.
import type { EventLog } from '#libs/event-log';
import type { HttpPool } from '#libs/http-pool';
import type { ApiKeys, Clock, Guesses, Random, Throttle } from '#libs/runtime';
import type { CredentialStore } from '#libs/stores';
import type { LinesByAccount } from '#projections/lines-by-account';
import type { RegistrationRows } from '#projections/registrations-by-aor';
import type { Passwords } from './accounts/passwords.port.js';
import type { TokenStore } from './accounts/tokens.js';
import type { Mailer } from './mail/mailer.port.js';
import type { NumberPools } from './numbers/number-pool.js';
import type { SecondLooks } from './second-looks.js';
import type { Turns } from './turns.js';

/** A neighbour's HTTP API: over connections, or the one of the same process. */
export type Neighbour = Pick<HttpPool, 'request'>;

export type EllisSettings = Readonly<{
  homeDomain: string;
  signupCode: string;
  /** Where people reach the portal, without a slash at its end. */
  url: string;
  numbersPerAccountMax: number;
  websocketUrls: readonly string[];
}>;

export type EllisPorts = Readonly<{
  log: EventLog;
  lines: LinesByAccount;
  credentials: CredentialStore;
  registrations: Pick<RegistrationRows, 'load'>;
  tokens: TokenStore;
  passwords: Passwords;
  /** How long a password that is named no longer is kept, ms; 0: it is dropped at once. */
  credentialKeptMs: number;
  /** Absent: no mails are sent. */
  mailer?: Mailer;
  /** Homestead Prov. */
  provisioning: Neighbour;
  homer: Neighbour;
  /** Sprout's signalling API; absent: registrations end by themselves. */
  registrar?: Neighbour;
  clock: Clock;
  random: Random;
  apiKeys: ApiKeys;
  settings: EllisSettings;
  /** A fault of ours or of a neighbour, for the log; requests are told no more than that there is one. */
  onFault?: (error: unknown) => void;
}>;

export type Throttles = Readonly<{
  /** Failed sign-ins. */
  guesses: Guesses;
  /** Sign-ins to one account from one address, right ones too: each costs a hash, and leaves a session. */
  signIns: Throttle;
  /** Wrong sign-up codes of one address. */
  codes: Throttle;
  /** Recovery mails that one address asks for; that go to one account; that are sent at all. */
  mailsAskedBy: Throttle;
  mailsTo: Throttle;
  mails: Throttle;
  /** Of one address. */
  recoveries: Throttle;
}>;

export type EllisContext = EllisPorts &
  Readonly<{
    throttles: Throttles;
    pools: NumberPools;
    /** Of lines that are made and taken away. */
    turns: Turns;
    secondLooks: SecondLooks;
  }>;

/** A request, as far as handlers look at it. */
export type EllisCall = Readonly<{
  method: string;
  /** By lower-case name. */
  header(name: string): string | undefined;
  /** Of the JSON body, the form or the query. */
  field(name: string): string | undefined;
  /** The body as it came. */
  text: string;
  /** Who connected, or whom a trusted proxy names. */
  address: string;
}>;
