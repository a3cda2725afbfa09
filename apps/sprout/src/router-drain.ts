// The router in a drain (docs/adr/0021-draining-a-node.md): what is new gets 503 with Retry-After, and the edge goes on to another router with the
// same transaction; what belongs to something that it has begun goes on, as do dialogs. Used by sprout-alone.ts and by the all-in-one.
import type { DrainPart } from '#libs/runtime';
import type { DrainAdmission } from '#libs/sip';
import type { SproutNode } from './sprout-node.js';
import { urgencyOf } from './urgency.js';

/** Within the process it is a part of what was let in; so is what comes back from an application server of a chain. */
export const routerAdmission: DrainAdmission = (request, flow) =>
  flow === undefined || urgencyOf(request) === 'always';

export const routerDrainPart = ({ endpoint }: Pick<SproutNode, 'endpoint'>): DrainPart => ({
  leave: () => endpoint.drain(routerAdmission),
  comeBack: () => endpoint.undrain(),
  unfinished: () =>
    endpoint.pendingCount === 0 ? undefined : `${endpoint.pendingCount} SIP transactions of the router`,
});
