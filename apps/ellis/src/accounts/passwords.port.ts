// Hashes of people's passwords. Adapter: argon2.passwords.ts; tests have one of their own, which costs nothing.

export interface Passwords {
  /** A hash with its salt and parameters. Rejects with EllisFault 503 when too many wait. */
  hash(password: string): Promise<string>;
  /** Whether this password made the hash. */
  verify(hash: string, password: string): Promise<boolean>;
}
