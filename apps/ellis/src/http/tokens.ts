// What Nest knows Ellis by. Read by the module and its controllers.
export const ELLIS = Symbol('ellis');
export const PAGES = Symbol('pages');
