// What a controller's method says of what it takes and answers, in one line each. Used by the controllers, which hand decorators in: Nest is imported
// in controllers only.
import { FAULT, FAULTS } from './schemas.js';

type ResponseDecorator = (options: Readonly<Record<string, unknown>>) => MethodDecorator;

/** JSON with this schema. */
const shows =
  (ApiResponse: ResponseDecorator) =>
  (status: number, schema: object, description = 'done'): MethodDecorator =>
    ApiResponse({ status, description, schema });

/** A document of these types. */
const showsText =
  (ApiResponse: ResponseDecorator) =>
  (description: string, ...types: readonly string[]): MethodDecorator => {
    const content = Object.fromEntries(types.map((type) => [type, { schema: { type: 'string' } }]));
    return ApiResponse({ status: 200, description, content });
  };

/** These faults beside those that all may answer. */
const faults =
  (ApiResponse: ResponseDecorator) =>
  (...statuses: readonly number[]): MethodDecorator =>
  (target, key, descriptor) => {
    for (const status of new Set([400, 403, 500, 503, ...statuses]))
      ApiResponse({ status, description: FAULTS[status] ?? 'fault', schema: FAULT })(target, key, descriptor);
  };

type ConsumesDecorator = (...types: string[]) => MethodDecorator;
type BodyDecorator = (options: Readonly<{ schema: Readonly<{ type: string }> }>) => MethodDecorator;

/** A body of XML. */
export const takesXml =
  (ApiConsumes: ConsumesDecorator, ApiBody: BodyDecorator) =>
  (): MethodDecorator =>
  (target, key, descriptor) => {
    ApiConsumes('application/xml')(target, key, descriptor);
    ApiBody({ schema: { type: 'string' } })(target, key, descriptor);
  };

/** What it answers: the three of them. */
export const documented = (ApiResponse: ResponseDecorator) => ({
  Shows: shows(ApiResponse),
  ShowsText: showsText(ApiResponse),
  Faults: faults(ApiResponse),
});
