// Numbers by their beginnings: the longest prefix that a number truly begins with. Never the other way round: a short number
// is not the beginning of a longer prefix. Used by the ways out (bgcf-routes.ts) and the numbers of the operator's file.

/** A prefix of digits, `+` before them where it is global; visual separators are left out (RFC 3966 §5.1.1). */
const PREFIX = /^\+?[0-9*#]{1,32}$/;

export const plainPrefix = (written: string): string | undefined => {
  const plain = written.replace(/[-. ()]/g, '');
  return PREFIX.test(plain) ? plain : undefined;
};

export class NumberPrefixes<T> {
  readonly #byPrefix = new Map<string, T>();
  #longest = 0;

  /** False when the prefix is there already. */
  add(prefix: string, value: T): boolean {
    if (this.#byPrefix.has(prefix)) return false;
    this.#byPrefix.set(prefix, value);
    this.#longest = Math.max(this.#longest, prefix.length);
    return true;
  }

  /** As many looks as the longest prefix has digits, whatever the number's length. */
  longest(number: string): T | undefined {
    for (let length = Math.min(this.#longest, number.length); length > 0; length--) {
      const value = this.#byPrefix.get(number.slice(0, length));
      if (value !== undefined) return value;
    }
    return undefined;
  }
}
