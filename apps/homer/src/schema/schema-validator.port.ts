// Whether a document fits a schema. Adapter: thread.schema-validator.ts. Read by validate.ts.

export type SchemaFile = Readonly<{ fileName: string; contents: string }>;

export type ToValidate = Readonly<{
  xml: string;
  /** Name of the file among `files` that describes the root. */
  schema: string;
  /** The schema and what it imports. */
  files: readonly SchemaFile[];
}>;

export type Validated =
  | Readonly<{ verdict: 'valid' }>
  | Readonly<{ verdict: 'invalid'; reason: string }>
  /** It could not be told: a fault of ours. */
  | Readonly<{ verdict: 'unknown'; reason: string }>;

export interface SchemaValidator {
  /** Never rejects. */
  validate(task: ToValidate): Promise<Validated>;
  close(): Promise<void>;
}
