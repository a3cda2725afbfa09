// Between what the stand-in holds and the messages of EventStoreDB's protocol, on the client's own generated code.
// Used by the services beside it.
import persistentPb from '@eventstore/db-client/generated/persistent_pb.js';
import sharedPb from '@eventstore/db-client/generated/shared_pb.js';
import statusPb from '@eventstore/db-client/generated/status_pb.js';
import streamsPb from '@eventstore/db-client/generated/streams_pb.js';
import { Metadata, type ServiceError, status } from '@grpc/grpc-js';
import anyPb from 'google-protobuf/google/protobuf/any_pb.js';
import emptyPb from 'google-protobuf/google/protobuf/empty_pb.js';
import type { Expected } from '../../../judge-append.js';
import { APPEND_SIZE_MAX, type Appended, type Proposed, type Stored } from './event-store.js';

const TICKS_PER_MS = 10_000n;

export const nameOf = (identifier: sharedPb.StreamIdentifier | undefined): string =>
  Buffer.from(identifier?.getStreamName_asU8() ?? []).toString('utf8');

const identifierOf = (name: string): sharedPb.StreamIdentifier =>
  new sharedPb.StreamIdentifier().setStreamName(Buffer.from(name).toString('base64'));

export const uuidOf = (id: string): sharedPb.UUID => new sharedPb.UUID().setString(id);

export const proposedOf = (
  message: streamsPb.AppendReq.ProposedMessage | streamsPb.BatchAppendReq.ProposedMessage,
): Proposed => ({
  id: message.getId()?.getString() ?? '',
  type: message.getMetadataMap().get('type') ?? '',
  contentType: message.getMetadataMap().get('content-type') ?? '',
  data: message.getData_asB64(),
  about: message.getCustomMetadata_asB64(),
});

type RecordedEvent = streamsPb.ReadResp.ReadEvent.RecordedEvent;

const fill = <T extends RecordedEvent | persistentPb.ReadResp.ReadEvent.RecordedEvent>(
  recorded: T,
  event: Stored,
): T => {
  recorded.setId(uuidOf(event.id));
  recorded.setStreamIdentifier(identifierOf(event.stream));
  recorded.setStreamRevision(String(event.revision));
  recorded.setCommitPosition(String(event.at));
  recorded.setPreparePosition(String(event.at));
  recorded.setCustomMetadata(event.about);
  recorded.setData(event.data);
  const about = recorded.getMetadataMap();
  about.set('type', event.type);
  about.set('content-type', event.contentType);
  about.set('created', String(BigInt(event.createdMs) * TICKS_PER_MS));
  return recorded;
};

export const readResponse = (event: Stored): streamsPb.ReadResp =>
  new streamsPb.ReadResp().setEvent(
    new streamsPb.ReadResp.ReadEvent()
      .setEvent(fill(new streamsPb.ReadResp.ReadEvent.RecordedEvent(), event))
      .setCommitPosition(String(event.at)),
  );

export const persistentResponse = (event: Stored, retries: number): persistentPb.ReadResp =>
  new persistentPb.ReadResp().setEvent(
    new persistentPb.ReadResp.ReadEvent()
      .setEvent(fill(new persistentPb.ReadResp.ReadEvent.RecordedEvent(), event))
      .setCommitPosition(String(event.at))
      .setRetryCount(retries),
  );

export const notFoundResponse = (stream: string): streamsPb.ReadResp =>
  new streamsPb.ReadResp().setStreamNotFound(
    new streamsPb.ReadResp.StreamNotFound().setStreamIdentifier(identifierOf(stream)),
  );

export const confirmation = (id: string): streamsPb.ReadResp =>
  new streamsPb.ReadResp().setConfirmation(
    new streamsPb.ReadResp.SubscriptionConfirmation().setSubscriptionId(id),
  );

/** A gRPC error as EventStoreDB sends it: what it is stands in a trailer. */
export const failure = (
  code: status,
  details: string,
  trailers: Readonly<Record<string, string>> = {},
): Partial<ServiceError> & { code: status } => {
  const metadata = new Metadata();
  for (const [name, value] of Object.entries(trailers)) metadata.set(name, value);
  return { code, details, metadata };
};

const position = (at: number): streamsPb.AppendResp.Position =>
  new streamsPb.AppendResp.Position().setCommitPosition(String(at)).setPreparePosition(String(at));

/** The answer to an append; a gRPC error where there is no answer for it. */
export const appendResponse = (
  stream: string,
  outcome: Appended,
  expected: Expected,
): streamsPb.AppendResp | ReturnType<typeof failure> => {
  const response = new streamsPb.AppendResp();
  switch (outcome.kind) {
    case 'too-large':
      return failure(status.INVALID_ARGUMENT, 'Maximum Append Size Exceeded', {
        exception: 'maximum-append-size-exceeded',
        'maximum-append-size': String(APPEND_SIZE_MAX),
      });
    case 'deleted':
      return failure(status.FAILED_PRECONDITION, `Event stream '${stream}' is deleted.`, {
        exception: 'stream-deleted',
        'stream-name': stream,
      });
    case 'conflict': {
      const wrong = new streamsPb.AppendResp.WrongExpectedVersion();
      if (outcome.revision < 0) wrong.setCurrentNoStream(new sharedPb.Empty());
      else wrong.setCurrentRevision(String(outcome.revision));
      if (expected === 'any') wrong.setExpectedAny(new sharedPb.Empty());
      else if (expected === 'stream-exists') wrong.setExpectedStreamExists(new sharedPb.Empty());
      else if (expected === 0) wrong.setExpectedNoStream(new sharedPb.Empty());
      else wrong.setExpectedRevision(String(expected - 1));
      return response.setWrongExpectedVersion(wrong);
    }
    default:
      return response.setSuccess(
        new streamsPb.AppendResp.Success()
          .setCurrentRevision(String(outcome.revision))
          .setPosition(position(outcome.at)),
      );
  }
};

const packed = (name: string, bytes: Uint8Array, text: string): statusPb.Status => {
  const any = new anyPb.Any();
  any.pack(bytes, `event_store.client.${name}`);
  return new statusPb.Status().setMessage(text).setDetails(any);
};

const batchError = (stream: string, outcome: Appended, expected: Expected): statusPb.Status => {
  if (outcome.kind === 'too-large')
    return packed(
      'MaximumAppendSizeExceeded',
      new sharedPb.MaximumAppendSizeExceeded().setMaxappendsize(APPEND_SIZE_MAX).serializeBinary(),
      'too large',
    );
  if (outcome.kind === 'deleted')
    return packed(
      'StreamDeleted',
      new sharedPb.StreamDeleted().setStreamIdentifier(identifierOf(stream)).serializeBinary(),
      'deleted',
    );
  const wrong = new sharedPb.WrongExpectedVersion();
  const current = outcome.kind === 'conflict' ? outcome.revision : 0;
  if (current < 0) wrong.setCurrentNoStream(new emptyPb.Empty());
  else wrong.setCurrentStreamRevision(String(current));
  if (expected === 'any') wrong.setExpectedAny(new emptyPb.Empty());
  else if (expected === 'stream-exists') wrong.setExpectedStreamExists(new emptyPb.Empty());
  else if (expected === 0) wrong.setExpectedNoStream(new emptyPb.Empty());
  else wrong.setExpectedStreamPosition(String(expected - 1));
  return packed('WrongExpectedVersion', wrong.serializeBinary(), 'wrong expected version');
};

export const batchResponse = (
  correlationId: string,
  stream: string,
  outcome: Appended,
  expected: Expected,
): streamsPb.BatchAppendResp => {
  const response = new streamsPb.BatchAppendResp()
    .setCorrelationId(uuidOf(correlationId))
    .setStreamIdentifier(identifierOf(stream));
  if (outcome.kind === 'written' || outcome.kind === 'known')
    return response.setSuccess(
      new streamsPb.BatchAppendResp.Success()
        .setCurrentRevision(String(outcome.revision))
        .setPosition(
          new sharedPb.AllStreamPosition()
            .setCommitPosition(String(outcome.at))
            .setPreparePosition(String(outcome.at)),
        ),
    );
  return response.setError(batchError(stream, outcome, expected));
};
