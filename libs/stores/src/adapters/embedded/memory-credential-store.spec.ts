import { credentialStoreContract } from '../../../contract/credential-store.contract.js';
import { createFakeClock } from '#libs/testkit';
import { createMemoryCredentialStore } from './memory-credential-store.js';

const clock = createFakeClock();

credentialStoreContract('memory', {
  create: () => createMemoryCredentialStore({ clock }),
  advance: (ms) => clock.advance(ms),
});
