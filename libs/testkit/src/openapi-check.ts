// Holds a running API to its own OpenAPI document: each answer's path, status, content type and body must be documented.
// Used by the HTTP tests of the apps; tells afterwards which operations were never asked.
import { Ajv, type ValidateFunction } from 'ajv';

/** An answer as fetch or inject gives it. */
export type ObservedAnswer = Readonly<{
  method: string;
  /** With or without a query. */
  path: string;
  status: number;
  contentType?: string;
  body: string;
}>;

export interface OpenApiCheck {
  /** Throws when the document does not allow the answer. */
  check(answer: ObservedAnswer): void;
  /** `GET /a/{b} 200` for each documented answer that check has not seen; faults of every operation can be left out. */
  unseen(without?: readonly number[]): string[];
}

type MediaTypes = Readonly<Record<string, Readonly<{ schema?: object }>>>;
type Operation = Readonly<{ responses: Readonly<Record<string, Readonly<{ content?: MediaTypes }>>> }>;
type Document = Readonly<{ paths: Readonly<Record<string, Readonly<Record<string, Operation>>>> }>;

const METHODS: ReadonlySet<string> = new Set(['get', 'put', 'post', 'delete', 'patch']);

const matches = (template: string, path: string): boolean => {
  const [wanted, asked] = [template, path].map((text) => text.replace(/\/$/, '').split('/'));
  return (
    wanted?.length === asked?.length &&
    (wanted ?? []).every((part, i) => part.startsWith('{') || part === asked?.[i])
  );
};

/** Paths with fewer parameters come first: `/public/{id}` must not catch `/public/all`. */
const bySpecificity = (a: string, b: string): number => a.split('{').length - b.split('{').length;

export const createOpenApiCheck = (document: object): OpenApiCheck => {
  const { paths } = document as Document;
  const templates = Object.keys(paths).sort(bySpecificity);
  const ajv = new Ajv({ strict: false, allErrors: true });
  ajv.addSchema({ $id: 'document', ...document });
  const validators = new Map<object, ValidateFunction>();
  const seen = new Set<string>();

  const validatorOf = (schema: object): ValidateFunction => {
    const known = validators.get(schema) ?? ajv.compile(rebased(schema) as object);
    validators.set(schema, known);
    return known;
  };

  return {
    check({ method, path, status, contentType = '', body }) {
      const bare = path.split('?', 1)[0] ?? path;
      const template = templates.find((candidate) => {
        return matches(candidate, bare) && paths[candidate]?.[method.toLowerCase()];
      });
      const where = `${method} ${template ?? bare} ${status}`;
      const operation = template === undefined ? undefined : paths[template]?.[method.toLowerCase()];
      const response = operation?.responses[String(status)];
      if (!response) throw new Error(`${where} is not documented`);
      seen.add(where);
      if (!response.content) {
        if (body !== '') throw new Error(`${where} has a body, and none is documented: ${body}`);
        return;
      }
      const type = (contentType.split(';', 1)[0] ?? '').trim();
      const media = response.content[type] ?? response.content[type.replace(/\/.*/, '/*')];
      if (!media) throw new Error(`${where} answers ${type || 'no content type'}, which is not documented`);
      const value: unknown = type.endsWith('json') ? JSON.parse(body) : body;
      const validate = media.schema && validatorOf(media.schema);
      if (validate && !validate(value)) {
        throw new Error(`${where} does not fit its schema: ${ajv.errorsText(validate.errors)}\n${body}`);
      }
    },

    unseen: (without = []) =>
      templates
        .flatMap((template) =>
          Object.entries(paths[template] ?? {}).flatMap(([method, operation]) =>
            METHODS.has(method)
              ? Object.keys(operation.responses)
                  .filter((status) => !without.includes(Number(status)))
                  .map((status) => `${method.toUpperCase()} ${template} ${status}`)
              : [],
          ),
        )
        .filter((where) => !seen.has(where)),
  };
};

/** References go into the document, which ajv knows under its id. */
const rebased = (value: unknown): unknown => {
  if (Array.isArray(value)) return value.map(rebased);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, item]: [string, unknown]) => [
      key,
      key === '$ref' && typeof item === 'string' ? `document${item}` : rebased(item),
    ]),
  );
};
