// HOMER_USAGES_FILE: application usages of the operator's beside those that are built in, `{"usages": [{ … }]}`, each held to schemas that
// stand beside the file (RFC 4825 §5; docs/telephony.md). Read at a start; one wrong entry refuses it. Reader: start-homer.ts.
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { Ajv } from 'ajv';
import { StartRefused } from '#libs/runtime';
import { CAPS_AUID, DIRECTORY_AUID } from './capabilities.js';
import type { SchemaValidator } from './schema/schema-validator.port.js';
import { targetNamespaceOf } from './schema/xsd-names.js';
import { type Usage, USAGES, usageNamed } from './usages.js';

export const CONFIGURED_USAGES_MAX = 50;
const SCHEMAS_MAX = 30;
/** Of all schemas of one usage: each document's validation takes them in. */
const SCHEMA_CHARACTERS_MAX = 1_000_000;

type Entry = Readonly<{
  auid: string;
  namespace: string;
  mimeType: string;
  document?: string;
  /** File names: what describes the root, then what it imports or includes. */
  schemas?: readonly string[];
}>;

const NAME = { type: 'string', pattern: '^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$' };
const isFile = new Ajv({ allErrors: false }).compile<Readonly<{ usages: readonly Entry[] }>>({
  type: 'object',
  required: ['usages'],
  additionalProperties: false,
  properties: {
    usages: {
      type: 'array',
      maxItems: CONFIGURED_USAGES_MAX,
      items: {
        type: 'object',
        required: ['auid', 'namespace', 'mimeType'],
        additionalProperties: false,
        properties: {
          auid: NAME,
          namespace: { type: 'string', minLength: 1, maxLength: 300 },
          mimeType: { type: 'string', pattern: '^application/[a-z0-9][a-z0-9.+-]{0,99}$' },
          document: NAME,
          schemas: { type: 'array', maxItems: SCHEMAS_MAX, items: NAME },
        },
      },
    },
  },
});

const refuse = (file: string, reason: string): never => {
  throw new StartRefused(`cannot start: HOMER_USAGES_FILE ${file}: ${reason}`);
};

const readText = (named: string, file: string): string => {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    return refuse(named, error instanceof Error ? error.message : String(error));
  }
};

const readJson = (file: string): unknown => {
  const text = readText(file, file);
  try {
    return JSON.parse(text);
  } catch (error) {
    return refuse(file, String(error));
  }
};

const usageOf = (file: string, entry: Entry): Usage => {
  const { auid, namespace, mimeType, document = 'index' } = entry;
  const schemas = (entry.schemas ?? []).map((fileName) => {
    const contents = readText(file, path.join(path.dirname(file), fileName));
    return { fileName, contents, namespace: targetNamespaceOf(contents) };
  });
  const [root] = schemas;
  if (root !== undefined && root.namespace !== namespace)
    refuse(file, `${auid}: ${root.fileName} describes ${root.namespace || 'no namespace'}, not ${namespace}`);
  if (schemas.reduce((sum, { contents }) => sum + contents.length, 0) > SCHEMA_CHARACTERS_MAX)
    refuse(file, `${auid}: its schemas have more than ${SCHEMA_CHARACTERS_MAX} characters`);
  return {
    auid,
    names: [auid],
    namespace,
    mimeType,
    olderMimeTypes: [],
    document,
    schemas,
    notUnique: () => [],
    constraint: () => undefined,
  };
};

/** The usages of the file; none where there is no file. Throws StartRefused. */
export const readConfiguredUsages = (file: string): readonly Usage[] => {
  if (file === '') return [];
  const content = readJson(file);
  if (!isFile(content)) {
    const [fault] = isFile.errors ?? [];
    return refuse(file, `${fault?.instancePath ?? ''} ${fault?.message ?? 'is of another shape'}`.trim());
  }
  const usages: Usage[] = [];
  for (const entry of content.usages) {
    const isTaken = usageNamed([...USAGES, ...usages], entry.auid) !== undefined;
    if (isTaken || entry.auid === CAPS_AUID || entry.auid === DIRECTORY_AUID)
      refuse(file, `${entry.auid} is there already`);
    usages.push(usageOf(file, entry));
  }
  return usages;
};

/** Rejects with StartRefused where a schema is none: told at the start, not to the first user who has a document. */
export const proveSchemas = async (file: string, usages: readonly Usage[], validator: SchemaValidator): Promise<void> => {
  for (const { auid, schemas } of usages) {
    const [root] = schemas;
    if (root === undefined) continue;
    const proved = await validator.validate({ xml: '<any/>', schema: root.fileName, files: schemas });
    if (proved.verdict === 'unknown') refuse(file, `${auid}: ${proved.reason.trim().split('\n', 1)[0] ?? ''}`);
  }
}; // prettier-ignore
