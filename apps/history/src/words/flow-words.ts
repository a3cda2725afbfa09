// Where a flow came from, as its token in the Path tells (RFC 5626 §5.2; the layout is libs/sip/flow-token's, and
// flow-words.spec.ts holds the two together). The signature is not checked: this is told to people, never routed by.

const TRANSPORTS = ['udp', 'tcp', 'tls', 'ws', 'wss'] as const;
const VERSION = 1;
/** Version and transport, listener; then two addresses with their ports. */
const HEAD_BYTES = 2;
const PORT_BYTES = 2;
const TOKEN_LENGTH_MAX = 100;

/** `udp 10.0.0.5:40000`, or undefined for a token of another kind. */
export const flowOrigin = (token: string): string | undefined => {
  if (token.length > TOKEN_LENGTH_MAX) return undefined;
  const bytes = Buffer.from(token, 'base64url');
  const head = bytes[0] ?? 0;
  const transport = TRANSPORTS[head & 7];
  const addressBytes = (head & 8) === 0 ? 4 : 16;
  const remote = HEAD_BYTES + addressBytes + PORT_BYTES;
  const end = remote + addressBytes;
  if (head >> 4 !== VERSION || transport === undefined || bytes.length < end + PORT_BYTES) return undefined;
  return `${transport} ${addressText(bytes.subarray(remote, end))}:${bytes.readUInt16BE(end)}`;
};

/** RFC 5952 §4, except that the first run of zeros is folded, not the longest. */
const addressText = (bytes: Buffer): string => {
  if (bytes.length === 4) return bytes.join('.');
  const groups = Array.from({ length: 8 }, (_none, at) => bytes.readUInt16BE(2 * at).toString(16));
  return `[${groups
    .join(':')
    .replace(/\b0(:0\b)+/, ':')
    .replace(/:{3,}/, '::')}]`;
};
