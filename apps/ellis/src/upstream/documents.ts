// Users' simservs documents at Homer, by XCAP (RFC 4825) under Clearwater's name of them. In one process the same requests are answered
// without a socket. Read by the handlers of numbers.
import type { HttpRequest, HttpResponse } from '#libs/http-pool';
import { type Clock, Pause } from '#libs/runtime';
import type { Neighbour } from '../context.js';
import { badRequest, EllisFault } from '../outcome.js';
import { ask, askOrNothing, faultOfAnswer, pathOf, reasonIn } from './ask.js';

/** Homer's own words. */
const NO_DOCUMENT = ['no such document', 'no such user'];
const NO_USER = 'no such user';
/** A Homestead that Homer asks may follow the log a moment behind the one that made the user. */
const USER_TRIES_MAX = 6;
const USER_WAIT_MS = 250;

const TYPE = { 'content-type': 'application/vnd.etsi.simservs+xml' };

const documentPath = (impu: string): string => pathOf('org.etsi.ngn.simservs', 'users', impu, 'simservs.xml');

export type UserDocument = Readonly<{ xml: string; etag?: string }>;

export const simservsOf = async (at: Neighbour, impu: string): Promise<UserDocument | undefined> => {
  const found = await askOrNothing(at, { method: 'GET', path: documentPath(impu) }, NO_DOCUMENT, 200);
  if (found === undefined) return undefined;
  const { etag } = found.headers;
  return { xml: found.body, ...(etag === undefined ? {} : { etag }) };
};

/** What a conflict report (RFC 4825 §11) says, for people. */
const conflictIn = ({ body }: HttpResponse): string => {
  const [, phrase] = /phrase="([^"]*)"/.exec(body) ?? [];
  const [, kind = 'conflict'] = /<xcap-error[^>]*>\s*<([a-z-]+)/.exec(body) ?? [];
  return phrase === undefined ? kind : `${kind}: ${phrase}`;
};

export type PutSimservs = Readonly<{ impu: string; xml: string; ifMatch?: string }>;

/** Rejects with 400 and why it is no such document, or 412 to who was overtaken. */
export const putSimservs = async (
  at: Neighbour,
  { impu, xml, ifMatch }: PutSimservs,
  clock: Clock,
): Promise<void> => {
  const headers = ifMatch === undefined ? TYPE : { ...TYPE, 'if-match': ifMatch };
  const request: HttpRequest = { method: 'PUT', path: documentPath(impu), headers, body: xml };
  for (let tries = 1; ; tries++) {
    const response = await ask(at, request, 200, 201, 400, 404, 409, 412, 413);
    const reason = reasonIn(response);
    switch (response.status) {
      case 200:
      case 201:
        return;
      case 404:
        if (reason !== NO_USER || tries >= USER_TRIES_MAX) throw faultOfAnswer(request, response);
        await new Pause(clock).wait(USER_WAIT_MS);
        continue;
      case 409:
        throw badRequest(conflictIn(response));
      case 412:
        throw new EllisFault(412, 'the document was changed meanwhile: read it again');
      default:
        throw badRequest(reason ?? 'this is no simservs document');
    }
  }
};

export const removeSimservs = async (at: Neighbour, impu: string): Promise<void> => {
  await askOrNothing(at, { method: 'DELETE', path: documentPath(impu) }, NO_DOCUMENT, 200, 204);
};
