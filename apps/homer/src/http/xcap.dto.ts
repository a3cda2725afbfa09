// What the OpenAPI document says of Homer's answers. Read by xcap.controller.ts.
import { ApiBody, ApiConsumes, ApiHeader, ApiResponse } from '@nestjs/swagger';

const FAULT = {
  type: 'object',
  properties: {
    error: { type: 'boolean' },
    status: { type: 'integer' },
    message: { type: 'string' },
    reason: { type: 'string' },
    detail: { type: 'object' },
  },
  required: ['error', 'status', 'message', 'reason', 'detail'],
};

const FAULTS: Readonly<Record<number, string>> = {
  400: 'the URI, its query or a condition is malformed',
  401: 'credentials are needed: HTTP digest with those of SIP, or an API key',
  403: 'the tree of another user, or a key of another role',
  404: 'no such document, node, user or usage',
  405: 'this is written by the server',
  412: 'the document is another one than the condition names',
  413: 'the body is too large',
  415: 'another content type is expected',
  500: 'a fault of ours',
  503: 'a store or a neighbour does not answer: come again',
};

const TEXT = { schema: { type: 'string' } };
const NODES = ['application/xcap-el+xml', 'application/xcap-att+xml', 'application/xcap-ns+xml'];
const DOCUMENTS = [
  'application/vnd.etsi.simservs+xml',
  'application/resource-lists+xml',
  'application/xcap-caps+xml',
  'application/vnd.oma.xcap-directory+xml',
  // Those of HOMER_USAGES_FILE.
  'application/*',
];

const documented =
  (status: number, description: string, types: readonly string[]): MethodDecorator =>
  (target, key, descriptor) => {
    const content = Object.fromEntries(types.map((type) => [type, TEXT]));
    const body = types.length === 0 ? {} : { content };
    ApiResponse({ status, description, ...body })(target, key, descriptor);
  };

/** The faults that a method may answer, beside those that all may. */
export const Faults =
  (...statuses: readonly number[]): MethodDecorator =>
  (target, key, descriptor) => {
    for (const status of new Set([...statuses, 400, 401, 403, 404, 500, 503]))
      ApiResponse({ status, description: FAULTS[status] ?? 'fault', schema: FAULT })(target, key, descriptor);
  };

export const ShownDocument = (): MethodDecorator => documented(200, 'the document', DOCUMENTS);
export const ShownNode = (): MethodDecorator => documented(200, 'the node as it stands in the document', NODES); // prettier-ignore
export const NotModified = (): MethodDecorator => documented(304, 'the client has it already', []);
export const Conflicting = (): MethodDecorator =>
  documented(409, 'why the change was not made (RFC 4825 §11)', ['application/xcap-error+xml']);
export const Done = (status: number): MethodDecorator => documented(status, status === 201 ? 'made' : 'done', []); // prettier-ignore

export const Conditions = (): MethodDecorator => (target, key, descriptor) => {
  for (const name of ['If-Match', 'If-None-Match'])
    ApiHeader({ name, required: false, description: 'entity tags, as a GET gave them' })(target, key, descriptor); // prettier-ignore
};

export const USAGE = { name: 'auid', example: 'simservs.ngn.etsi.org' };
export const USER = { name: 'xui', example: 'sip:alice@ims.test' };
export const DOCUMENT = { name: 'document', example: 'simservs.xml' };
export const NODE = { name: 'node', example: 'simservs', description: 'node selector, percent-encoded' };

const taken =
  (types: readonly string[]): MethodDecorator =>
  (target, key, descriptor) => {
    ApiConsumes(...types)(target, key, descriptor);
    ApiBody(TEXT)(target, key, descriptor);
  };
/** What a PUT brings: a document of the usage, or of a node its text. */
export const TakesDocument = (): MethodDecorator => taken([...DOCUMENTS.slice(0, 2), 'application/*']);
export const TakesNode = (): MethodDecorator => taken(NODES.slice(0, 2));
