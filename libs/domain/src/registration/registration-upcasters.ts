// Steps from old versions of registration events to the next. Pure. Used by ../upcasters.ts.
import type { EventUpcaster } from '../event-upcaster.js';

/** Version 2 names what GRUUs need (RFC 5627). What wrote version 1 last has it already; before, a client that knew GRUUs was not told apart. */
const withGruu = (type: 'BindingAdded' | 'BindingRefreshed'): EventUpcaster => ({
  category: 'registration',
  type,
  from: 1,
  up: (event) => event,
  isAddition: true,
});

export const REGISTRATION_UPCASTERS: readonly EventUpcaster[] = [
  withGruu('BindingAdded'),
  withGruu('BindingRefreshed'),
];
