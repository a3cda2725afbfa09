// Whether a document may be kept (RFC 4825 §8.2.5): its schema, names that its schemas do not know, uniqueness, other constraints.
// Reader: homer.ts.
import { type Conflict, elementsOf, type XmlElement } from '#libs/xcap';
import type { SchemaValidator } from './schema/schema-validator.port.js';
import { declaredNames } from './schema/xsd-names.js';
import type { Usage } from './usages.js';

/** `unknown`: it could not be told. */
export type Checked = Readonly<{ ok: true }> | Readonly<{ ok: false; conflict: Conflict }> | 'unknown';

/** Documents that were found valid, by usage and text: a PUT that comes again, or after a conflict, is not validated again. */
const VALID_KEPT_MAX = 200;

/** By namespace, the names that its schemas declare; one that is split over several files is one. */
const namesIn = (schemas: Usage['schemas']): ReadonlyMap<string, ReadonlySet<string>> => {
  const known = new Map<string, Set<string>>();
  for (const { namespace, contents } of schemas) {
    if (namespace === '') continue;
    const names = known.get(namespace) ?? new Set();
    for (const name of declaredNames(contents)) names.add(name);
    known.set(namespace, names);
  }
  return known;
};

/** Lax wildcards pass over what they do not know; what is in a namespace of ours must be known (§8.2.5). */
const unknownElement = (root: XmlElement, known: ReadonlyMap<string, ReadonlySet<string>>): string | undefined => {
  const found = elementsOf(root).find(({ uri, local }) => known.get(uri)?.has(local) === false);
  return found === undefined ? undefined : `{${found.uri}}${found.local} is not known`;
}; // prettier-ignore

const FILE_AND_LINE = /^document\.xml:(\d+): (?:element [^:]*: )?(?:Schemas validity error : )?/;

/** The first thing that xmllint says, with its line. */
const firstReason = (said: string): string =>
  (said.split('\n', 1)[0] ?? '').replace(FILE_AND_LINE, 'line $1: ');

export class DocumentChecks {
  private readonly valid = new Set<string>();
  private readonly known = new Map<Usage, ReadonlyMap<string, ReadonlySet<string>>>();

  constructor(private readonly validator: SchemaValidator) {}

  async check(usage: Usage, xml: string, root: XmlElement): Promise<Checked> {
    const key = `${usage.auid} ${xml}`;
    if (this.valid.has(key)) return { ok: true };
    const unfit = await this.unfit(usage, xml, root);
    if (unfit === 'unknown') return unfit;
    const conflict = unfit ?? unwanted(usage, xml, root);
    if (conflict !== undefined) return { ok: false, conflict };
    if (this.valid.size >= VALID_KEPT_MAX) this.valid.delete(this.valid.values().next().value!);
    this.valid.add(key);
    return { ok: true };
  }

  private async unfit(
    usage: Usage,
    xml: string,
    root: XmlElement,
  ): Promise<Conflict | 'unknown' | undefined> {
    const [schema] = usage.schemas;
    if (schema === undefined) return undefined;
    const kind = 'schema-validation-error';
    const stranger = unknownElement(root, this.namesOf(usage));
    if (stranger !== undefined) return { kind, phrase: stranger };
    // The byte order mark is ours to read; libxml2's memory files have none.
    const result = await this.validator.validate({ xml, schema: schema.fileName, files: usage.schemas });
    if (result.verdict === 'unknown') return 'unknown';
    return result.verdict === 'valid' ? undefined : { kind, phrase: firstReason(result.reason) };
  }

  private namesOf(usage: Usage): ReadonlyMap<string, ReadonlySet<string>> {
    const known = this.known.get(usage) ?? namesIn(usage.schemas);
    this.known.set(usage, known);
    return known;
  }
}

/** What a schema cannot say. */
const unwanted = (usage: Usage, xml: string, root: XmlElement): Conflict | undefined => {
  const exists = usage.notUnique(root);
  if (exists.length > 0) return { kind: 'uniqueness-failure', exists };
  const phrase = usage.constraint(xml, root);
  return phrase === undefined ? undefined : { kind: 'constraint-failure', phrase };
};
