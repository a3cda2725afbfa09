export * from './bounded-map.js';
export type { Watch } from './changes.js';
export * from './ims-subscription.js';
export * from './subscriber-profiles.js';
export * from './subscriber-profiles.store.js';
export type { ReadStream } from './workspace.js';
export * from './open-subscribers.js';
export { openSubscriberStores, refuseLostCredentials, type SubscriberStores } from './subscriber-stores.js';
