// Parameters of credentials and challenges taken away, by the scanner that knows quotes: linear in what a client sends
// (RFC 7235 §2.1). Used where the edge strips what is not for the other side to say or to see.

const SPACE = 32;
const QUOTE = 34;
const COMMA = 44;
const BACKSLASH = 92;

const nameOf = (parameter: string): string => parameter.slice(0, parameter.indexOf('=')).trim().toLowerCase();

/** Nearly always none is there: found out without taking the value apart. */
const mentions = (value: string, names: ReadonlySet<string>): boolean => {
  const lower = value.toLowerCase();
  for (const name of names) if (lower.includes(name)) return true;
  return false;
};

const quotedEnd = (text: string, start: number): number => {
  for (let at = start + 1; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code === QUOTE) return at + 1;
    if (code === BACKSLASH) at++;
  }
  return text.length;
};

const trimmed = (text: string, start: number, end: number): string => {
  while (start < end && text.charCodeAt(start) <= SPACE) start++;
  while (end > start && text.charCodeAt(end - 1) <= SPACE) end--;
  return text.slice(start, end);
};

/** At commas outside quotes, as who reads credentials does: a '<' has no meaning here, unlike in a list of addresses. */
const splitParameters = (text: string): string[] => {
  const found: string[] = [];
  for (let start = 0; start < text.length;) {
    let at = start;
    for (let code = text.charCodeAt(at); at < text.length && code !== COMMA; code = text.charCodeAt(at))
      at = code === QUOTE ? quotedEnd(text, at) : at + 1;
    const parameter = trimmed(text, start, at);
    if (parameter !== '') found.push(parameter);
    start = at + 1;
  }
  return found;
};

/** `Digest a=b, c=d` without the parameters of these lower-case names; as it came when none is there. */
export const withoutAuthParams = (value: string, names: ReadonlySet<string>): string => {
  if (!mentions(value, names)) return value;
  const schemeEnd = value.trimStart().search(/\s/);
  if (schemeEnd < 0) return value;
  const text = value.trimStart();
  const parameters = splitParameters(text.slice(schemeEnd + 1));
  const kept = parameters.filter((parameter) => !names.has(nameOf(parameter)));
  return kept.length === parameters.length ? value : `${text.slice(0, schemeEnd)} ${kept.join(', ')}`;
};
