// What Nest knows provisioning's core by. Read by the module and its controllers.
export const PROVISIONING = Symbol('provisioning');
