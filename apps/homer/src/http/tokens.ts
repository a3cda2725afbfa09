// What Nest knows Homer's core by. Read by the module and its controller.
export const HOMER = Symbol('homer');
export const CLIENT_ADDRESS = Symbol('client address');
