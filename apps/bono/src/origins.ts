// Which web pages may open a WebSocket to the edge (RFC 6455 §10.2, RFC 7118 §9). A page that the user did not mean to phone from
// has no password of the user's, so any may by default. Reader: bono-node.ts.

/** With a list, only these; a client that names no origin is no browser and could write any. */
export const originCheck = (allowed: readonly string[]): ((origin: string | undefined) => boolean) => {
  const origins = new Set(allowed.map((origin) => origin.toLowerCase()));
  return (origin) => origins.size === 0 || origin === undefined || origins.has(origin.toLowerCase());
};
