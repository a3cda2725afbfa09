// Every target by its name. Read by main.ts and fuzz.spec.ts.
import type { Target } from '../target.js';
import { criteriaTarget } from './criteria-target.js';
import { contactsTarget } from './contacts-target.js';
import { diameterPeerTarget } from './diameter-peer-target.js';
import { diameterTarget } from './diameter-target.js';
import { digestTarget, nameAddrTarget, uriTarget, viaTarget } from './field-targets.js';
import { drachtioTarget } from './drachtio-target.js';
import { httpResponseTarget } from './http-response-target.js';
import { integrityTarget } from './integrity-target.js';
import { logTargets } from './log-targets.js';
import { fieldsTarget, parserTarget, routeTarget } from './message-targets.js';
import { streamTarget } from './stream-target.js';
import { topViaTarget } from './top-via-target.js';
import { wsTarget } from './ws-target.js';

export const allTargets = async (): Promise<readonly Target[]> => [
  parserTarget(),
  fieldsTarget(),
  routeTarget(),
  uriTarget(),
  viaTarget(),
  topViaTarget(),
  nameAddrTarget(),
  digestTarget(),
  integrityTarget(),
  contactsTarget(),
  streamTarget(),
  wsTarget(),
  criteriaTarget(),
  diameterTarget(),
  diameterPeerTarget(),
  drachtioTarget(),
  httpResponseTarget(),
  ...(await logTargets()),
];
