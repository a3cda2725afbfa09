// Registrations that end with their line, at the router: DELETE /registrations of its signalling port (backend.md §1.3). In one process the
// same request is answered without a socket. Used by delete-line.ts.
import type { HttpRequest } from '#libs/http-pool';
import type { Neighbour } from '../context.js';
import { ask } from './ask.js';

/**
 * Ends all registrations of a set by its default identity: resolves when none is in force. Without it a phone whose line is gone stays
 * until it would have to register again, and rings for whoever is given the number before that. `at` absent: nobody can be told.
 */
export const endRegistrations = async (at: Neighbour | undefined, impu: string): Promise<void> => {
  if (at === undefined) return;
  const request: HttpRequest = {
    method: 'DELETE',
    path: '/registrations?send-notifications=true',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ registrations: [{ 'primary-impu': impu }] }),
  };
  await ask(at, request, 200);
};
