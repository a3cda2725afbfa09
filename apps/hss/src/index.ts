export {
  type Assignment,
  createSubscribers,
  type RegistrationState,
  type Subscribers,
} from './assignments.js';
export { createHss, type Hss, type HssPorts, type Pushed, type Reason, REASON } from './hss.js';
export { readSubscribers, type Subscriber, type SubscribersRead } from './subscriber-file.js';
