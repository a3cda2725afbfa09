// The telephony services of a user as one document, written whole (backend.md §4, TS 24.623): checked, kept, shown as it was
// given. Over its own view, apart from the subscribers: a document may be there before its user is.
import { CommandRejected } from '#libs/decider';
import { documentId, documentStream, SIMSERVS_AUID } from '#libs/domain';
import type { EventLog } from '#libs/event-log';
import { parseSimservs } from '#libs/homestead-client';
import type { Clock } from '#libs/runtime';
import type { DocumentsByUser } from '#projections/documents-by-user';
import { onDocument } from '../execute.js';
import { checkImpu } from '../identities.js';
import { badRequest, done, NOTHING, notFound, type Outcome, shown } from '../outcome.js';

export type UserDocumentPorts = Readonly<{ log: EventLog; documents: DocumentsByUser; clock: Clock }>;

export type PutSimservs = Readonly<{ impu: string; xml: string; ifRevision?: number }>;

export type RemoveSimservs = Pick<PutSimservs, 'impu' | 'ifRevision'>;

export type UserDocuments = ReturnType<typeof createUserDocuments>;

const idOf = (impu: string): string => documentId({ impu, auid: SIMSERVS_AUID });

export const createUserDocuments = ({ log, documents, clock }: UserDocumentPorts) => {
  const ports = { log, clock, profiles: documents };
  return {
    /** A rule with a condition that is not known is taken: it never holds. */
    async putSimservs({ impu, xml, ifRevision }: PutSimservs): Promise<Outcome> {
      checkImpu(impu);
      const parsed = parseSimservs(xml);
      if (!parsed.ok) throw badRequest(`simservs: ${parsed.reason}`);
      const command = { type: 'ChangeDocument', data: { impu, auid: SIMSERVS_AUID, xml } } as const;
      const expected = ifRevision === undefined ? {} : { expected: ifRevision };
      const { revision } = await onDocument(ports, idOf(impu), [command], expected);
      return done(revision);
    },

    async getSimservs(impu: string): Promise<Outcome<string>> {
      const row = await documents.head(documentStream(idOf(checkImpu(impu))));
      if (row?.state === undefined) throw notFound('no such document');
      return shown(row.state.xml, row.revision);
    },

    /** Nothing to remove is no fault: the document is gone either way. */
    async removeSimservs({ impu, ifRevision }: RemoveSimservs): Promise<Outcome> {
      checkImpu(impu);
      const command = { type: 'RemoveDocument', data: { impu, auid: SIMSERVS_AUID } } as const;
      const expected = ifRevision === undefined ? {} : { expected: ifRevision };
      try {
        await onDocument(ports, idOf(impu), [command], expected);
      } catch (error) {
        const isGone = error instanceof CommandRejected && error.reason === 'UnknownDocument';
        if (!isGone || ifRevision !== undefined) throw error;
      }
      return NOTHING;
    },
  };
};
