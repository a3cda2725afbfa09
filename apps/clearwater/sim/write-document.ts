// Writes a user's simservs as Homer does, without its checks: scenarios say what calls make of documents, not who may write them.
// Used by world.ts.
import { documentId, documentStream, SIMSERVS_AUID, userDocument } from '#libs/domain';
import type { EventLog } from '#libs/event-log';
import type { Clock } from '#libs/runtime';
import type { DocumentsByUser } from '#projections/documents-by-user';

export type WriteDocument = (impu: string, xml: string) => Promise<void>;

type Ports = Readonly<{ log: Pick<EventLog, 'append'>; documents: DocumentsByUser; clock: Clock }>;

export const writeDocumentOn =
  ({ log, documents, clock }: Ports): WriteDocument =>
  async (impu, xml) => {
    const data = { impu, auid: SIMSERVS_AUID, xml };
    const stream = documentStream(documentId(data));
    const row = await documents.head(stream);
    const held = row?.revision ?? 0;
    const events = userDocument.decide(row?.state, { type: 'ChangeDocument', data });
    if (events.length === 0) return;
    const positions = await log.append(stream, events, { expected: held });
    const [event, position] = [events[0]!, positions[0]!];
    await documents.apply([{ event, stream, position, revision: held + 1, timeMs: clock.nowMs() }]);
  };
