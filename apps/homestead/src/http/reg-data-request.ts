// The body of PUT reg-data (backend.md §1.1): reqtype, server_name, wildcard_identity. Read by impu.controller.ts.
import { REG_DATA_REQUESTS, type Parsed, type RegDataRequest } from '#libs/homestead-client';

export type RegDataBody = Readonly<{
  reqtype: RegDataRequest;
  serverName?: string;
  wildcardIdentity?: string;
}>;

const bad = (reason: string): Parsed<RegDataBody> => ({ ok: false, reason });

/** Takes the parsed JSON, or the text of a client that names no content type. */
export const readRegDataRequest = (body: unknown): Parsed<RegDataBody> => {
  let value = body;
  if (typeof value === 'string') {
    try {
      value = JSON.parse(value) as unknown;
    } catch {
      return bad('the body is not JSON');
    }
  }
  if (typeof value !== 'object' || value === null) return bad('takes a JSON object');
  const { reqtype, server_name: serverName, wildcard_identity: wildcard } = value as Record<string, unknown>;
  const known = REG_DATA_REQUESTS.find((candidate) => candidate === reqtype);
  if (!known) return bad(`reqtype takes ${REG_DATA_REQUESTS.join(', ')}`);
  if (serverName !== undefined && typeof serverName !== 'string') return bad('server_name takes a text');
  if (wildcard !== undefined && typeof wildcard !== 'string') return bad('wildcard_identity takes a text');
  return {
    ok: true,
    value: {
      reqtype: known,
      ...(serverName === undefined ? {} : { serverName }),
      ...(wildcard === undefined ? {} : { wildcardIdentity: wildcard }),
    },
  };
};
