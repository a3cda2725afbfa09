// What Nest knows Homestead's core by. Read by the module and its controllers.
export const HOMESTEAD = Symbol('homestead');
