// What Sprout needs of the world; apps/clearwater and main.ts supply it.
import type { CallEvent, ChargingEvent, SessionTimerPolicy } from '#libs/domain';
import type { EventLog } from '#libs/event-log';
import type { Homestead } from '#libs/homestead-client';
import type { Clock, PeerCheck, Random, Traces } from '#libs/runtime';
import type { EmergencyNumbers, Endpoint, TimerWheel } from '#libs/sip';
import type { KeyValueStore } from '#libs/stores';
import type { RegistrationRows } from '#projections/registrations-by-aor';
import type { ChainLink } from './isc/chain-link.js';
import type { CriteriaFiles } from './isc/criteria-files.js';
import type { OdiTokens } from './isc/odi-tokens.js';
import type { RouterSigns } from './isc/router-signs.js';
import type { NumberSettings } from './routing/called-number.js';
import type { NumberTranslator } from './routing/number-translator.js';
import type { RoutingTables } from './routing/routing-files.js';
import type { Gruus } from './gruu/gruus.js';
import type { LogOutage } from './log-outage.js';
import type { EffectOwnership } from './reg-event/ownership.port.js';
import type { DialogMarks } from './session/own-route.js';
import type { LiveChallenges } from './authentication/challenges.js';

/** Takes facts about calls towards the log; the caller never waits (libs/event-log, call-spool.ts). */
export interface CallFacts {
  note(stream: string, facts: readonly (CallEvent | ChargingEvent)[]): void;
}

/** Counts and reports; the app binds it to metrics and the logger. `kind` is a fixed word, never user input. */
export interface SproutObserver {
  /** An infrastructure fault that a user was answered 500 or 504 for. */
  fault(kind: string, error?: unknown): void;
  /** Something worth counting: 'challenge', 'registered', 'call'… */
  count(kind: string): void;
}

export type SproutPorts = Readonly<{
  log: EventLog;
  registrations: RegistrationRows;
  challenges: KeyValueStore<LiveChallenges>;
  /** Chains that are at an application server, by token; shared by all routers. */
  chainLinks: KeyValueStore<ChainLink>;
  odiTokens: OdiTokens;
  /** Where there are other routers on the same chains. */
  routerSigns?: RouterSigns;
  /** Shared and fallback criteria of the operator, where there are any. */
  criteriaFiles?: Pick<CriteriaFiles, 'sets' | 'onChange'>;
  /** Ways out of the domain, where the operator has any, and what says which URI a number has. */
  routingTables?: RoutingTables;
  translator?: NumberTranslator;
  homestead: Homestead;
  clock: Clock;
  /** For what is timed in each session. */
  timers: Pick<TimerWheel, 'start' | 'stop'>;
  random: Random;
  observer: SproutObserver;
  /** Where calls are traced. */
  traces?: Traces;
  /** Facts about calls, on their way to the log. */
  calls: CallFacts;
  dialogMarks: DialogMarks;
  gruus: Gruus;
  outage: LogOutage;
  /** Names this run of the router, among all that ever were. */
  run: () => string;
  /** Whose streams this router acts on when the log asks for it. */
  ownership: EffectOwnership;
  /** Late bound: the endpoint is created with Sprout as its user. */
  endpoint: () => Endpoint;
}>;

/** Settings that the handlers use, already validated. */
export type SproutSettings = Readonly<{
  homeDomain: string;
  /** Names whose registrar this is, lower case and without a port: the home domain, and names of this core. */
  registrarNames: ReadonlySet<string>;
  /** host:port pairs and names by which Route and Request-URI mean this node. */
  ownHosts: ReadonlySet<string>;
  /** `sip:scscf.<domain>:5054;transport=tcp`, what Homestead is told and Service-Route is made from. */
  scscfUri: string;
  icscfUri: string;
  /** `host:port` of the S-CSCF as application servers reach it without asking DNS. */
  iscHost: string;
  /** How long an application server may be silent, by its criterion's default handling; 0: as long as the SIP layer waits. */
  continuedMs: number;
  terminatedMs: number;
  /** How long devices of one q ring while others wait; 0: as long as the SIP layer waits. */
  forkRingMs: number;
  sessionTimer: SessionTimerPolicy;
  numbers: NumberSettings;
  /** What is an emergency call, and where such calls go, the first to be asked first; none: nowhere. */
  emergency: EmergencyNumbers;
  emergencyRoutes: readonly string[];
  regMaxExpiresS: number;
  regMinExpiresS: number;
  /** Of subscriptions to registration state. */
  subMaxExpiresS: number;
  subMinExpiresS: number;
  digestAlgorithms: readonly ('MD5' | 'SHA-256')[];
  /** Is it a P-CSCF whose word on the protection of a REGISTER is taken? */
  isPcscf: PeerCheck;
}>;
