// Parameters of credentials and challenges taken away, by the scanner that knows quotes: linear in what a client sends
// (RFC 7235 §2.1). Used where the edge strips what is not for the other side to say or to see.
import { splitUnquoted } from '#libs/sip';

const nameOf = (parameter: string): string => parameter.slice(0, parameter.indexOf('=')).trim().toLowerCase();

/** Nearly always none is there: found out without taking the value apart. */
const mentions = (value: string, names: ReadonlySet<string>): boolean => {
  const lower = value.toLowerCase();
  for (const name of names) if (lower.includes(name)) return true;
  return false;
};

/** `Digest a=b, c=d` without the parameters of these lower-case names; as it came when none is there. */
export const withoutAuthParams = (value: string, names: ReadonlySet<string>): string => {
  if (!mentions(value, names)) return value;
  const schemeEnd = value.trimStart().search(/\s/);
  if (schemeEnd < 0) return value;
  const text = value.trimStart();
  const parameters = splitUnquoted(text.slice(schemeEnd + 1));
  const kept = parameters.filter((parameter) => !names.has(nameOf(parameter)));
  return kept.length === parameters.length ? value : `${text.slice(0, schemeEnd)} ${kept.join(', ')}`;
};
