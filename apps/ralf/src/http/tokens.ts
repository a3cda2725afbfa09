// What Nest's container knows the core by. Used by the module and the controller.
export const RALF = Symbol('ralf');
