// Names as they are compared, asked for and kept: lower case, without the last dot. RFC 1035 §2.3, RFC 2782 (underscores).
const NAME =
  /^(?=.{1,253}$)[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?(?:\.[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?)*$/;

/** undefined for what is no host name: it is not asked for, and not believed when an answer has it. */
export const dnsName = (text: string): string | undefined => {
  if (text.length > 254) return undefined;
  const lower = text.toLowerCase();
  const name = lower.endsWith('.') ? lower.slice(0, -1) : lower;
  return NAME.test(name) ? name : undefined;
};
