// The published event schemas as files: which there are, what a release froze, and the AsyncAPI text made of them.
// Readers: schemas.spec.ts, publish.ts.
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';

type JsonSchema = Readonly<{
  $id: string;
  title: string;
  description: string;
  type: 'object';
  properties: Readonly<Record<string, object>>;
  required: readonly string[];
}>;

/** A past event as CloudEvents writes it in structured mode. */
export type Example = Readonly<{
  specversion: string;
  id: string;
  source: string;
  type: string;
  subject: string;
  time: string;
  datacontenttype: string;
  dataschema: string;
  data: object;
}>;

export type EventSchema = Readonly<{
  /** `registration/binding-added.v1.json` */
  file: string;
  category: string;
  /** Parts of `clearwater.<topic>.<EventName>.v<N>`, as the schema's title says. */
  topic: string;
  name: string;
  version: number;
  schema: JsonSchema;
  example: Example;
  checksum: string;
}>;

const readJson = (file: string): unknown => JSON.parse(readFileSync(file, 'utf8'));

/** Every schema below the folder, in the order of their names. */
export const readSchemas = (folder: string): readonly EventSchema[] =>
  readdirSync(folder, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .flatMap(({ name: category }) =>
      readdirSync(path.join(folder, category)).map((file) => ({ category, file })),
    )
    .filter(({ file }) => file.endsWith('.json') && !file.endsWith('.example.json'))
    .map(({ category, file }) => {
      const at = path.join(folder, category, file);
      const schema = readJson(at) as JsonSchema;
      const [, topic = '', name = '', version = ''] = schema.title.split('.');
      return {
        file: `${category}/${file}`,
        category,
        topic,
        name,
        version: Number(version.slice(1)),
        schema,
        example: readJson(at.replace(/\.json$/, '.example.json')) as Example,
        checksum: checksumOf(schema),
      };
    })
    .toSorted((a, b) => (a.file < b.file ? -1 : 1));

/** Of the content: layout does not count. */
export const checksumOf = (schema: unknown): string =>
  createHash('sha256').update(JSON.stringify(schema)).digest('hex');

/** `BindingAdded` → `binding-added`. */
export const fileNameOf = (name: string, version: number): string =>
  `${name.replace(/(?!^)([A-Z])/g, '-$1').toLowerCase()}.v${version}.json`;

/** File → checksum, of every schema that a release has published. */
export type Released = Readonly<Record<string, string>>;

export const readReleased = (folder: string): Released =>
  readJson(path.join(folder, 'released.json')) as Released;

/** Released schemas that were edited or are gone. */
export const brokenReleases = (schemas: readonly EventSchema[], released: Released): readonly string[] => {
  const found = new Map(schemas.map(({ file, checksum }) => [file, checksum]));
  return Object.entries(released).flatMap(([file, checksum]) =>
    found.get(file) === checksum ? [] : [`${file} ${found.has(file) ? 'was edited' : 'is gone'}`],
  );
};
