// A chain on its way through an application server: what the request's original dialog identifier (ODI) stands for
// (TS 24.229 §5.4.3.2 step 5; docs/architecture.md §2). In a store with a time to live, shared by all routers, so that the
// request may come back to any of them. Written by departure.ts before the request leaves, read by resume.ts.
import {
  type ChainCursor,
  type ChainRules,
  compileCriteria,
  type CompiledCriteria,
  type FilterCriterion,
  type MatchedCriterion,
  type Role,
  type SessionCase,
} from '#libs/domain';
import { DEFAULT_TIMING, userOf } from '#libs/sip';
import type { Codec } from '#libs/stores';
import type { Chain, Served } from './chain.js';

export type ChainLink = Readonly<{
  role: Role;
  sessionCase: SessionCase;
  served: Served;
  rules: ChainRules;
  cursor: ChainCursor;
  matched: readonly MatchedCriterion[];
  /** The server that was asked. */
  priority: number;
  server: string;
  /** As it left: what the server makes of it is seen by that. */
  requestUri: string;
  icid: string;
  /** Application servers asked for this session so far, on either side. */
  depth: number;
  /** The router that waits for the server's answer (router-signs.ts). */
  waiting: string;
  /**
   * returned: the request came back to another router than the one that waits for the answer. over: nobody waits any more, as the
   * server was passed over, or the request was begun anew by another router; what comes back then is too late.
   */
  state: 'open' | 'returned' | 'over';
}>;

/** As long as an INVITE may ring without a word (timer C), and half a minute. */
export const CHAIN_LINK_TTL_S = DEFAULT_TIMING.timerCMs / 1000 + 30;

const USER_PREFIX = 'odi_';

export const odiUser = (token: string): string => USER_PREFIX + token;

/** The token of a Route URI of this node's own; undefined: it has none. */
export const odiIn = (uri: string): string | undefined => {
  if (!uri.startsWith(USER_PREFIX, uri.indexOf(':') + 1)) return undefined;
  return userOf(uri).slice(USER_PREFIX.length);
};

/** The chain as it goes on where the request came back. */
export const chainOf = ({ role, sessionCase, served, rules, cursor, matched }: ChainLink): Chain => ({
  role,
  sessionCase,
  served,
  rules,
  resumed: true,
  cursor,
  matched,
  ended: false,
});

type Encoded = Omit<ChainLink, 'rules'> &
  Readonly<{
    rules: Omit<ChainRules, 'criteria' | 'fallback'> &
      Readonly<{ criteria: readonly FilterCriterion[]; fallback?: readonly FilterCriterion[] }>;
  }>;

const sourcesOf = ({ criteria }: CompiledCriteria): readonly FilterCriterion[] =>
  criteria.map(({ source }) => source);

/** For a store outside this process: criteria as their sources, in the order that the cursor counts. */
export const CHAIN_LINK_CODEC: Codec<ChainLink> = {
  encode(link) {
    const { criteria, fallback, ...rules } = link.rules;
    const encoded: Encoded = {
      ...link,
      rules: {
        ...rules,
        criteria: sourcesOf(criteria),
        ...(fallback === undefined ? {} : { fallback: sourcesOf(fallback) }),
      },
    };
    return JSON.stringify(encoded);
  },
  decode(text) {
    const { rules, ...link } = JSON.parse(text) as Encoded;
    const { criteria, fallback, ...rest } = rules;
    return {
      ...link,
      rules: {
        ...rest,
        criteria: compileCriteria(criteria),
        ...(fallback === undefined ? {} : { fallback: compileCriteria(fallback) }),
      },
    };
  },
};
