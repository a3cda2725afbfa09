// Parts of a URI by index into its text, for decisions on every hop: no object is made (RFC 3261 §19.1, §25).
// They expect a URI that is one; on anything else they return something harmless, never throw. Whole parsing: uri.ts.

/** The URI inside `<…>`, or the value up to its header parameters. */
export const bareUri = (value: string): string => {
  const open = value.indexOf('<');
  if (open >= 0) {
    const quote = value.indexOf('"');
    // A display name may hold `<` between its quotes.
    const from = quote >= 0 && quote < open ? value.indexOf('<', value.indexOf('"', quote + 1)) : open;
    const close = value.indexOf('>', from);
    return value.slice(from + 1, close < 0 ? value.length : close);
  }
  const semicolon = value.indexOf(';');
  return (semicolon < 0 ? value : value.slice(0, semicolon)).trim();
};

/** Lower-case scheme, '' when there is none. */
export const uriScheme = (uri: string): string => {
  const colon = uri.indexOf(':');
  return colon < 0 ? '' : uri.slice(0, colon).toLowerCase();
};

/** Start of the host in a SIP URI. */
const hostStart = (uri: string): number => {
  const at = uri.indexOf('@');
  return at >= 0 ? at + 1 : uri.indexOf(':') + 1;
};

/** `host` or `host:port` as written, lower case: what tables of own and known hosts are keyed by. */
export const uriHostPort = (uri: string): string => {
  const start = hostStart(uri);
  let end = start;
  for (; end < uri.length; end++) {
    const code = uri.charCodeAt(end);
    if (code === 0x3b || code === 0x3f || code === 0x3e) break; // ; ? >
  }
  return uri.slice(start, end).toLowerCase();
};

/** User part as written (password included), undefined when there is none. */
export const uriUser = (uri: string): string | undefined => {
  const at = uri.indexOf('@');
  return at < 0 ? undefined : uri.slice(uri.indexOf(':') + 1, at);
};
