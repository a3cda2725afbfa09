// Sessions and recovery tokens: what a browser or a mail holds is a random token, what the store holds is its hash with an end, so that
// who reads the store can open nothing. Both name the password's version that they were made under: another password ends them.
// Short-lived, so in the TTL store (docs/architecture.md §2, "Not event-sourced"). Read by who.ts, session.ts, recovery.ts.
import { createHash } from 'node:crypto';
import type { Clock, Random } from '#libs/runtime';
import type { KeyValueStore } from '#libs/stores';

/** 200 bits. */
const TOKEN_CHARACTERS = 40;
const TOKEN = /^[0-9a-z]{40}$/;

/** What a token opens. */
export type Grant = Readonly<{
  account: string;
  passwordVersion: string;
  madeAtMs: number;
  usedAtMs: number;
}>;

export type TokenStore = KeyValueStore<Grant>;
export type TokenKind = 'session' | 'recovery';

const HOUR_S = 3_600;
/** Since it was last used; a recovery token since it was made. */
export const TOKEN_TTL_S: Readonly<Record<TokenKind, number>> = {
  session: 12 * HOUR_S,
  recovery: 24 * HOUR_S,
};
/** Since it was made. */
export const SESSION_S_MAX = 30 * 24 * HOUR_S;
/** A use is noted once in this time: not every request writes. */
const TOUCH_AFTER_MS = 300_000;

const keyOf = (kind: TokenKind, token: string): string =>
  `${kind}/${createHash('sha256').update(token).digest('hex')}`;

export type TokenPorts = Readonly<{ tokens: TokenStore; clock: Clock; random: Random }>;

/** Makes one; resolves with the token, which is nowhere else. */
export const makeToken = async (
  { tokens, clock, random }: TokenPorts,
  kind: TokenKind,
  of: Pick<Grant, 'account' | 'passwordVersion'>,
): Promise<string> => {
  const token = random.token(TOKEN_CHARACTERS);
  const nowMs = clock.nowMs();
  await tokens.cas(keyOf(kind, token), { ...of, madeAtMs: nowMs, usedAtMs: nowMs }, undefined, TOKEN_TTL_S[kind]);
  return token;
}; // prettier-ignore

/** What it opens; undefined: nothing, or nothing any more. */
export const readToken = async (
  { tokens }: Pick<TokenPorts, 'tokens'>,
  kind: TokenKind,
  token: string,
): Promise<Grant | undefined> =>
  TOKEN.test(token) ? (await tokens.get(keyOf(kind, token)))?.value : undefined;

/** A session that is used lives on. Losing the race to another request of it loses nothing. */
export const touchSession = async (
  { tokens, clock }: Pick<TokenPorts, 'tokens' | 'clock'>,
  token: string,
  { usedAtMs }: Grant,
): Promise<void> => {
  const nowMs = clock.nowMs();
  if (nowMs - usedAtMs < TOUCH_AFTER_MS) return;
  const key = keyOf('session', token);
  const held = await tokens.get(key);
  if (held === undefined) return;
  const leftS = Math.floor((held.value.madeAtMs - nowMs) / 1_000) + SESSION_S_MAX;
  if (leftS <= 0) return;
  const ttlS = Math.min(TOKEN_TTL_S.session, leftS);
  await tokens.cas(key, { ...held.value, usedAtMs: nowMs }, held.version, ttlS);
};

/** Takes it back; true for the one of many at once who did. */
export const spendToken = async (
  { tokens }: Pick<TokenPorts, 'tokens'>,
  kind: TokenKind,
  token: string,
): Promise<boolean> => {
  if (!TOKEN.test(token)) return false;
  const key = keyOf(kind, token);
  const held = await tokens.get(key);
  return held !== undefined && tokens.remove(key, held.version);
};

/** When a session ends if nobody uses it. */
export const sessionEndMs = ({ madeAtMs, usedAtMs }: Grant): number =>
  Math.min(usedAtMs + TOKEN_TTL_S.session * 1_000, madeAtMs + SESSION_S_MAX * 1_000);
