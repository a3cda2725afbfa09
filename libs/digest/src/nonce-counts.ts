// Which counts of nonces were used, where several nodes take each other's nonces and share a store: a request that one has taken no other
// takes again (RFC 7616 §3.4, nc). Used by signed-nonces.ts.
import type { KeyValueStore } from '#libs/stores';

/** Only requests with one nonce contend: more than this is an attack by who knows a password on itself. */
const CAS_ATTEMPTS_MAX = 20;

export interface NonceCounts {
  /** Uses one; false when it or a higher one was used, at whatever node. Rejects with StoreUnavailable. */
  use(nonce: string, count: number, lifeS: number): Promise<boolean>;
}

/** What the store loses is good once more, as long as the nonce lives. */
export const sharedNonceCounts = (store: KeyValueStore<number>): NonceCounts => ({
  async use(nonce, count, lifeS) {
    for (let attempt = 0; attempt < CAS_ATTEMPTS_MAX; attempt++) {
      const found = await store.get(nonce);
      if (found !== undefined && count <= found.value) return false;
      if (await store.cas(nonce, count, found?.version, lifeS)) return true;
    }
    return false;
  },
});
