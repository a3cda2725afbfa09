export { CALL_LIST_COUNTS, createCallList, type CallListPorts, type CallListServer } from './call-list.js';
export { callOf, type Invitation } from './call-of-request.js';
