// Document: one XML document of one user, whole, such as the simservs of the telephony services (TS 24.623; RFC 4825's documents
// without its node selectors). Stream: document-<IMPU>/<AUID>. Its revision is its entity tag.
// Written by provisioning (expect mode); folded into documents-by-user; read by Sprout's MMTEL server.
import { assertNever, CommandRejected, type Decider } from '#libs/decider';

// ---- Events: stored for ever; schemas/document/*.json is the published shape ----

export type DocumentName = Readonly<{
  /** The public identity whose document it is. */
  impu: string;
  /** Application usage (RFC 4825 §5): `org.etsi.ngn.simservs`. */
  auid: string;
}>;

/** `xml` is the document as it was given. */
export type DocumentChanged = Readonly<{
  type: 'DocumentChanged';
  data: DocumentName & Readonly<{ xml: string }>;
}>;
export type DocumentRemoved = Readonly<{ type: 'DocumentRemoved'; data: DocumentName }>;
export type DocumentEvent = DocumentChanged | DocumentRemoved;

export const DOCUMENT_EVENT_TYPES = ['DocumentChanged', 'DocumentRemoved'] as const satisfies
  readonly DocumentEvent['type'][]; // prettier-ignore

// ---- State: undefined: there is none ----

export type DocumentState = Readonly<{ xml: string }> | undefined;

/** Application usage of the telephony services. */
export const SIMSERVS_AUID = 'org.etsi.ngn.simservs';

export const DOCUMENT_STREAM = 'document-';
/** What names a document in its stream and in its row: an AUID has no slash, so it is what follows the last one. */
export const documentId = ({ impu, auid }: DocumentName): string => `${impu}/${auid}`;
export const documentStream = (id: string): string => DOCUMENT_STREAM + id;

// ---- Commands: the document has been checked by whoever knows its schema ----

export type ChangeDocument = Readonly<{
  type: 'ChangeDocument';
  data: DocumentName & Readonly<{ xml: string }>;
}>;
export type RemoveDocument = Readonly<{ type: 'RemoveDocument'; data: DocumentName }>;
export type DocumentCommand = ChangeDocument | RemoveDocument;

export type DocumentRefusal = 'UnknownDocument' | 'DocumentTooLong';

/** Characters of one document; a longer one is refused. */
export const DOCUMENT_LENGTH_MAX = 100_000;

const refuse = (reason: DocumentRefusal): CommandRejected<DocumentRefusal> => new CommandRejected(reason);

const changeDocument = (state: DocumentState, { data }: ChangeDocument): DocumentEvent[] => {
  if (data.xml.length > DOCUMENT_LENGTH_MAX) throw refuse('DocumentTooLong');
  return state?.xml === data.xml ? [] : [{ type: 'DocumentChanged', data }];
};

const removeDocument = (state: DocumentState, { data }: RemoveDocument): DocumentEvent[] => {
  if (state === undefined) throw refuse('UnknownDocument');
  return [{ type: 'DocumentRemoved', data }];
};

export const userDocument: Decider<DocumentState, DocumentCommand, DocumentEvent> = {
  initialState: undefined,

  decide(state, command) {
    switch (command.type) {
      case 'ChangeDocument':
        return changeDocument(state, command);
      case 'RemoveDocument':
        return removeDocument(state, command);
      default:
        return assertNever(command);
    }
  },

  evolve(_state, { event }) {
    switch (event.type) {
      case 'DocumentChanged':
        return { xml: event.data.xml };
      case 'DocumentRemoved':
        return undefined;
      default:
        return assertNever(event);
    }
  },
};
