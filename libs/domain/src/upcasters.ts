// Steps from old versions of events to the next (docs/architecture.md §2): folds know only the newest shape.
// A new version of an event: schemas/<category>/<event>.v<N+1>.json, and here its step from N, which is pure and takes
// every event of version N ever written. Readers: whoever opens a log, the schema tests.
import { CHARGING_UPCASTERS } from './charging/charging-upcasters.js';
import type { EventUpcaster } from './event-upcaster.js';
import { REGISTRATION_UPCASTERS } from './registration/registration-upcasters.js';

export type { EventUpcaster } from './event-upcaster.js';

export const UPCASTERS: readonly EventUpcaster[] = [...CHARGING_UPCASTERS, ...REGISTRATION_UPCASTERS];
