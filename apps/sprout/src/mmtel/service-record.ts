// What a service decided about a call, as an event of that call (docs/architecture.md §5). Never in the call's way.
// Written by mmtel.ts and served-call.ts.
import { type ServiceApplied, streamOfCall } from '#libs/domain';
import { icidOf, type SipMessage } from '#libs/sip';
import type { SubjectFacts } from './call-subject.js';
import type { MmtelPorts } from './mmtel.port.js';

type Decided = Omit<ServiceApplied['data'], 'role' | 'served'>;

/** A request that names no call is of no router of ours: nothing to write to. */
export const noteService = (
  { calls }: Pick<MmtelPorts, 'calls'>,
  { request, side, served }: Pick<SubjectFacts, 'side' | 'served'> & Readonly<{ request: SipMessage }>,
  decided: Decided,
): void => {
  const icid = icidOf(request);
  if (icid === undefined) return;
  calls.note(streamOfCall(icid), [{ type: 'ServiceApplied', data: { role: side, served, ...decided } }]);
};
