// What Nest's container knows the core by. Used by the module and the controllers.
export const CHRONOS = Symbol('chronos');
