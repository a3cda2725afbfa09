// Where a key lives among memcached servers, and what it is called there. Pure.
// Keys belong to vbuckets, vbuckets to servers: a server that comes or goes moves its own vbuckets and no other.
import { createHash } from 'node:crypto';
import { stableHash } from '../../stable-hash.js';

/** As many as Clearwater's clusters have. */
export const VBUCKETS = 128;
/** Servers of one cluster. */
export const SERVERS_MAX = 32;
/** Longer keys are refused: no identity is as long. */
export const KEY_BYTES_MAX = 4_096;
/** memcached takes 250 bytes; what would be longer is named by its hash. */
const WIRE_KEY_BYTES_MAX = 240;

export const vbucketOf = (wireKey: string): number => stableHash(wireKey) % VBUCKETS;

/**
 * For each vbucket the index of its server: the one whose name hashes highest with it (rendezvous hashing). The order in
 * which servers are listed does not matter.
 */
export const placeVbuckets = (servers: readonly string[]): readonly number[] =>
  Array.from({ length: VBUCKETS }, (_, vbucket) => {
    let best = 0;
    let highest = -1;
    for (const [index, server] of servers.entries()) {
      const hash = stableHash(`${server}/${vbucket}`);
      if (hash > highest || (hash === highest && server < (servers[best] ?? ''))) {
        highest = hash;
        best = index;
      }
    }
    return best;
  });

const escapeRest = (character: string): string => `%${character.charCodeAt(0).toString(16).toUpperCase()}`;

/** For a well-formed key; two keys never share a name. `!` and `*` are never in it: they begin names of our own. */
export const wireKeyOf = (prefix: string, key: string): string => {
  // The usual characters of identities stand for themselves; memcached takes no spaces and control characters.
  const name = /^[\w.@:;=+\-/]*$/.test(key) ? key : encodeURIComponent(key).replace(/[!'()*]/g, escapeRest);
  const whole = prefix + name;
  if (whole.length <= WIRE_KEY_BYTES_MAX) return whole;
  return `${prefix}*${createHash('sha256').update(key).digest('base64url')}`;
};

export const wireKeyFault = (store: string, key: string): RangeError | undefined => {
  if (!key.isWellFormed()) return new RangeError(`${store}: a key is not well-formed Unicode`);
  if (Buffer.byteLength(key) <= KEY_BYTES_MAX) return undefined;
  return new RangeError(`${store}: a key of more than ${KEY_BYTES_MAX} bytes`);
};
