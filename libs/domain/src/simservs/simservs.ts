// The telephony services of one user: what the simservs document says (TS 24.623; TS 24.604 diversion, 24.607 OIP and OIR,
// 24.608 TIP and TIR, 24.611 barring, 24.615 waiting; RFC 4745 rules). Made by the parser of libs/homestead-client and by
// diversion-server.ts; read by the decisions in this folder and by Sprout's MMTEL server.

/** What became of a call that was offered to the user (TS 24.604 §4.2.1); `arrival` of it is no condition. */
export type CallOutcome = 'busy' | 'no-answer' | 'not-registered' | 'not-reachable';

export const CALL_OUTCOMES = ['busy', 'no-answer', 'not-registered', 'not-reachable'] as const satisfies
  readonly CallOutcome[]; // prettier-ignore

/** RFC 4745 §7.1.2: any identity, or any of a domain, but for some. */
export type ManyIdentities = Readonly<{
  domain?: string;
  exceptIdentities: readonly string[];
  exceptDomains: readonly string[];
}>;

export type ValiditySpan = Readonly<{ fromMs: number; untilMs: number }>;

/** What one condition of a rule asks for; a rule holds when all of its conditions do (RFC 4745 §10). */
export type RuleCondition =
  | Readonly<{ kind: CallOutcome }>
  | Readonly<{
      kind:
        | 'rule-deactivated'
        | 'anonymous'
        | 'international'
        | 'international-exhc'
        | 'roaming'
        | 'communication-diverted'
        | 'other-identity';
    }>
  | Readonly<{ kind: 'media'; media: string }>
  | Readonly<{ kind: 'identity'; ones: readonly string[]; many: readonly ManyIdentities[] }>
  | Readonly<{ kind: 'validity'; spans: readonly ValiditySpan[] }>
  /** One that a later release invented, or that cannot be understood: never holds, and so its rule never does. */
  | Readonly<{ kind: 'unknown'; name: string }>;

export type ServiceRule<Action> = Readonly<{
  /** The `id` of the document, or its place there. */
  id: string;
  conditions: readonly RuleCondition[];
  action: Action;
}>;

/** TS 24.604 §4.9.1.4 forward-to. */
export type ForwardTo = Readonly<{
  /** A SIP, SIPS or tel URI. */
  target: string;
  /** 181 to the caller. */
  notifyCaller: boolean;
  /** The target may see who diverted. */
  revealToTarget: boolean;
}>;

export type CommunicationDiversion = Readonly<{
  active: boolean;
  noReplyTimerS: number;
  rules: readonly ServiceRule<ForwardTo>[];
}>;

export type CommunicationBarring = Readonly<{
  active: boolean;
  rules: readonly ServiceRule<Readonly<{ allow: boolean }>>[];
}>;

/** OIR, TIR: `restricted` is the default-behaviour for requests that say nothing themselves. */
export type IdentityRestriction = Readonly<{ active: boolean; restricted: boolean }>;

/** A service that is absent is not the user's. */
export type Simservs = Readonly<{
  /** OIP, TIP: false hides the other party, as does a document that says so; absent shows it. */
  originatingIdentityPresentation?: boolean;
  terminatingIdentityPresentation?: boolean;
  originatingIdentityRestriction?: IdentityRestriction;
  terminatingIdentityRestriction?: IdentityRestriction;
  communicationWaiting?: boolean;
  communicationDiversion?: CommunicationDiversion;
  incomingBarring?: CommunicationBarring;
  outgoingBarring?: CommunicationBarring;
  /** Parts that can never take effect, for whoever wrote the document. */
  problems: readonly string[];
}>;

/** Nothing provisioned: calls pass as they are. */
export const NO_SIMSERVS: Simservs = { problems: [] };

/** A longer document is refused. */
export const SIMSERVS_LENGTH_MAX = 100_000;
/** Rules of one service; a document with more is refused. */
export const SERVICE_RULES_MAX = 100;
/** Conditions of one rule; a document with more is refused. */
export const RULE_CONDITIONS_MAX = 64;
/** Identities, domains or spans of one condition; a document with more is refused. */
export const CONDITION_VALUES_MAX = 500;

/** TS 24.604 §4.8, timer on no reply. */
export const NO_REPLY_TIMER_DEFAULT_S = 20;
export const NO_REPLY_TIMER_MIN_S = 5;
export const NO_REPLY_TIMER_MAX_S = 180;

/** Within what TS 24.604 allows; what is no number at all is the default. */
export const noReplyTimerS = (text: string | undefined): number => {
  if (text === undefined || !/^[0-9]{1,9}$/.test(text)) return NO_REPLY_TIMER_DEFAULT_S;
  return Math.min(Math.max(Number(text), NO_REPLY_TIMER_MIN_S), NO_REPLY_TIMER_MAX_S);
};
