// What Nest's container knows the core by. Used by the module and the controllers.
export const VIEW_KEEPER = Symbol('view keeper');
