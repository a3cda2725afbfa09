// A subscription as the S-CSCF holds it: identities and filter criteria (TS 29.228 Annex B).
// Written by the IMSSubscription parser of libs/homestead-client, read by the evaluator here and by Sprout.

/** TS 29.228 §B.2.1 IdentityType: what an identity stands for. */
export type IdentityKind = 'distinct' | 'wildcarded-psi' | 'wildcarded-impu' | 'non-distinct';

export type PublicIdentity = Readonly<{
  /** The Identity element: a SIP or tel URI. */
  identity: string;
  barred: boolean;
  kind: IdentityKind;
  /** The wildcarded identity it belongs to, an extended regular expression between exclamation marks inside a URI. */
  wildcard?: string;
  displayName?: string;
}>;

export type RegistrationType = 'initial' | 're-registration' | 'de-registration';

/** TS 29.228 §B.2.3 SessionCase 0–4 in words. */
export type SessionCase = 'orig-reg' | 'term-reg' | 'term-unreg' | 'orig-unreg' | 'orig-cdiv';

/** Indexed by the number in the profile. */
export const SESSION_CASES = ['orig-reg', 'term-reg', 'term-unreg', 'orig-unreg', 'orig-cdiv'] as const satisfies
  readonly SessionCase[]; // prettier-ignore
/** Indexed by the number in the profile. */
export const REGISTRATION_TYPES = ['initial', 're-registration', 'de-registration'] as const satisfies
  readonly RegistrationType[]; // prettier-ignore

/** What one service point trigger looks at. */
export type TriggerCondition =
  | Readonly<{ kind: 'method'; method: string; registrationTypes: readonly RegistrationType[] }>
  | Readonly<{ kind: 'sip-header'; header: string; content?: string }>
  | Readonly<{ kind: 'session-case'; sessionCase: SessionCase }>
  | Readonly<{ kind: 'request-uri'; pattern: string }>
  | Readonly<{ kind: 'session-description'; line: string; content?: string }>
  /** A kind that a later release invented: never holds. */
  | Readonly<{ kind: 'unknown'; name: string }>;

export type ServicePointTrigger = Readonly<{
  condition: TriggerCondition;
  negated: boolean;
  /** It takes part in each of these groups. */
  groups: readonly number[];
}>;

export type TriggerPoint = Readonly<{
  /** cnf: every group must hold, one trigger is enough for a group; dnf: one group is enough, all its triggers must hold. */
  form: 'cnf' | 'dnf';
  triggers: readonly ServicePointTrigger[];
}>;

export type ApplicationServer = Readonly<{
  serverName: string;
  defaultHandling: 'continued' | 'terminated';
  serviceInfo?: string;
  includeRegisterRequest: boolean;
  includeRegisterResponse: boolean;
}>;

export type FilterCriterion = Readonly<{
  /** Lower goes first. */
  priority: number;
  /** Registration state that the criterion is for; absent: both. */
  profilePart?: 'registered' | 'unregistered';
  /** Absent: matches every request. */
  trigger?: TriggerPoint;
  applicationServer: ApplicationServer;
}>;

/** A criterion that was left out of the evaluation, or a part of one that can never hold. */
export type CriteriaProblem = Readonly<{
  /** Where: `criterion 3`, `shared set 7`, `criterion 2 trigger 0`. */
  where: string;
  reason: string;
}>;

export type ServiceProfile = Readonly<{
  publicIdentities: readonly PublicIdentity[];
  /** In document order. */
  criteria: readonly FilterCriterion[];
  sharedSetIds: readonly number[];
  /** Criteria that could not be understood. */
  problems: readonly CriteriaProblem[];
}>;

export type ImsSubscription = Readonly<{
  privateId?: string;
  serviceProfiles: readonly ServiceProfile[];
}>;

/** Shared criteria by set id, as the operator's file lists them. */
export type SharedCriteriaSets = ReadonlyMap<number, readonly FilterCriterion[]>;
