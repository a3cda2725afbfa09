// What the filter criteria of one side said, as it is kept in call events. Made by sprout from libs/domain/filter-criteria.

/** A criterion that matched. `invoked` false: its application server was not asked, `why` says the reason. */
export type MatchedCriterion = Readonly<{
  priority: number;
  server: string;
  /** The service point trigger that decided, in words: `Method = INVITE`. */
  trigger: string;
  invoked: boolean;
  why?: string;
}>;

/** `evaluated` criteria in all; those that matched, in order. */
export type Criteria = Readonly<{ evaluated: number; matched: readonly MatchedCriterion[] }>;
