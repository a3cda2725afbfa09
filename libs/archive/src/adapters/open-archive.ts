// The archive that the configuration names. Used by the all-in-one's start and by npm run history.
import type { Clock } from '#libs/runtime';
import type { ArchiveConfig } from '../archive.config.js';
import type { Archive } from '../archive.port.js';
import { openEventStoreDb } from './eventstoredb/eventstoredb-archive.js';

/** Undefined: there is none. Does not wait for it: what is not there yet is away. */
export const openArchive = async (config: ArchiveConfig, clock: Clock): Promise<Archive | undefined> =>
  config.archive === 'none' ? undefined : openEventStoreDb({ url: config.eventstoreUrl, clock });
