import { credentialStoreContract } from '../../../contract/credential-store.contract.js';
import { createHandClock } from '../../../contract/hand-clock.js';
import { createMemoryCredentialStore } from './memory-credential-store.js';

const clock = createHandClock();

credentialStoreContract('memory', {
  create: () => createMemoryCredentialStore({ clock }),
  advance: (ms) => clock.advance(ms),
});
