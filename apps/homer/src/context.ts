// What Homer works with, and what its parts share. Given by start-homer.ts and by tests.
import type { EventLog } from '#libs/event-log';
import type { Homestead } from '#libs/homestead-client';
import type { DocumentsByUser } from '#projections/documents-by-user';
import type { AuthenticationPorts } from './authenticate.js';
import type { DocumentQueue } from './document-queue.js';
import type { SchemaValidator } from './schema/schema-validator.port.js';
import type { Usage } from './usages.js';
import type { DocumentChecks } from './validate.js';

export type HomerPorts = Readonly<{
  log: Pick<EventLog, 'append'>;
  documents: DocumentsByUser;
  homestead: Pick<Homestead, 'authVector' | 'location'>;
  validator: SchemaValidator;
  usages: readonly Usage[];
  /** A fault of ours, for the log; requests are told no more than that there is one. */
  onFault?: (error: unknown) => void;
}> &
  Omit<AuthenticationPorts, 'homestead'>;

/** What the parts of Homer share. */
export type HomerContext = HomerPorts & Readonly<{ checks: DocumentChecks; queue: DocumentQueue }>;
