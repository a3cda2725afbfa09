// Homer gave no word about a document: a fault of the infrastructure, whoever asked (docs/architecture.md §6).
// Thrown by homer-documents.ts; answered by faults.ts.

/** Homer did not say whether there is a document. */
export class HomerFault extends Error {
  constructor(
    readonly kind: 'timeout' | 'unavailable',
    detail: string,
  ) {
    super(`${kind}: ${detail}`);
  }
}
