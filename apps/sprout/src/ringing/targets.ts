// Which bindings of the callee a request goes to, and in what order (RFC 3261 §16.5, RFC 5626 §5.3 and §7.2).
// Pure: a target set never holds two flows of one instance.
import type { Binding, Registration } from '#libs/domain';

/** A device to ring: the flow to use now, and its other flows for when that one has failed. */
export type Target = Readonly<{ binding: Binding; others: readonly Binding[] }>;

/** The callee's devices, and the row that says so. */
export type Callee = Readonly<{ targets: readonly Target[]; row: Registration }>;

/** Targets of one request; the rest of the bindings (lowest q, oldest) is not rung. */
export const TARGETS_MAX = 10;

/** Newest registration first: it is the flow that most likely still works. */
const newestFirst = (a: Binding, b: Binding): number =>
  b.expiresAtMs - b.grantedS * 1000 - (a.expiresAtMs - a.grantedS * 1000);

/** One target a device, highest q first. Emergency bindings are not for ordinary calls. */
export const chooseTargets = (bindings: readonly Binding[]): readonly Target[] => {
  const [only] = bindings;
  if (bindings.length === 1 && only !== undefined && !only.emergency) return [{ binding: only, others: [] }];
  const devices = new Map<string, Binding[]>();
  for (const binding of bindings) {
    if (binding.emergency) continue;
    const device = binding.instance ?? binding.bindingId;
    const flows = devices.get(device);
    if (flows === undefined) devices.set(device, [binding]);
    else flows.push(binding);
  }
  return [...devices.values()]
    .map((flows) => flows.sort(newestFirst))
    .map(([binding, ...others]) => ({ binding: binding!, others }))
    .sort((a, b) => b.binding.q - a.binding.q || newestFirst(a.binding, b.binding))
    .slice(0, TARGETS_MAX);
};
