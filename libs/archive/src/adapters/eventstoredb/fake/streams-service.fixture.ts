// EventStoreDB's streams service on the stand-in: append, batch append, reads both ways, the whole log, catch-up subscriptions, delete.
// Served by fake-eventstoredb.fixture.ts.
import sharedPb from '@eventstore/db-client/generated/shared_pb.js';
import streamsPb from '@eventstore/db-client/generated/streams_pb.js';
import {
  type handleBidiStreamingCall,
  type handleClientStreamingCall,
  type handleServerStreamingCall,
  type handleUnaryCall,
  type ServerWritableStream,
  status,
} from '@grpc/grpc-js';
import type { Expected } from '../../../judge-append.js';
import type { Stored } from './event-store.js';
import type { FakeNode } from './fake-node.fixture.js';
import {
  appendResponse,
  batchResponse,
  confirmation,
  failure,
  nameOf,
  notFoundResponse,
  proposedOf,
  readResponse,
} from './messages.fixture.js';

type Append = handleClientStreamingCall<streamsPb.AppendReq, streamsPb.AppendResp>;
type BatchAppend = handleBidiStreamingCall<streamsPb.BatchAppendReq, streamsPb.BatchAppendResp>;
type Read = handleServerStreamingCall<streamsPb.ReadReq, streamsPb.ReadResp>;
type Delete = handleUnaryCall<streamsPb.DeleteReq, streamsPb.DeleteResp>;
type Tombstone = handleUnaryCall<streamsPb.TombstoneReq, streamsPb.TombstoneResp>;

const expectedOf = (options: streamsPb.AppendReq.Options | undefined): Expected => {
  if (options?.hasRevision() === true) return Number(options.getRevision()) + 1;
  if (options?.hasNoStream() === true) return 0;
  return options?.hasStreamExists() === true ? 'stream-exists' : 'any';
};

const batchExpectedOf = (options: streamsPb.BatchAppendReq.Options | undefined): Expected => {
  if (options?.hasStreamPosition() === true) return Number(options.getStreamPosition()) + 1;
  if (options?.hasNoStream() === true) return 0;
  return options?.hasStreamExists() === true ? 'stream-exists' : 'any';
};

const append =
  (node: FakeNode): Append =>
  (call, callback) => {
    const refusal = node.refusal(call.metadata, true);
    if (refusal) return callback(refusal);
    let options: streamsPb.AppendReq.Options | undefined;
    const messages: streamsPb.AppendReq.ProposedMessage[] = [];
    call.on('data', (request: streamsPb.AppendReq) => {
      options ??= request.getOptions();
      const message = request.getProposedMessage();
      if (message) messages.push(message);
    });
    call.on('end', () => {
      const fault = node.nextFault();
      if (fault === 'silence') return;
      if (fault === 'lose-request') return callback(failure(status.UNAVAILABLE, 'the request is lost'));
      const stream = nameOf(options?.getStreamIdentifier());
      const expected = expectedOf(options);
      const outcome = node.store.append(stream, messages.map(proposedOf), expected);
      if (fault === 'lose-answer') return callback(failure(status.UNAVAILABLE, 'the answer is lost'));
      const answer = appendResponse(stream, outcome, expected);
      if (answer instanceof streamsPb.AppendResp) callback(null, answer);
      else callback(answer);
    });
  };

type Pending = {
  options: streamsPb.BatchAppendReq.Options | undefined;
  messages: streamsPb.BatchAppendReq.ProposedMessage[];
};

const batchAppend =
  (node: FakeNode): BatchAppend =>
  (call) => {
    const refusal = node.refusal(call.metadata, true);
    if (refusal) return void call.emit('error', refusal);
    const pending = new Map<string, Pending>();
    call.on('data', (request: streamsPb.BatchAppendReq) => {
      const correlationId = request.getCorrelationId()?.getString() ?? '';
      const batch = pending.get(correlationId) ?? { options: request.getOptions(), messages: [] };
      pending.set(correlationId, batch);
      batch.messages.push(...request.getProposedMessagesList());
      if (!request.getIsFinal()) return;
      pending.delete(correlationId);
      const stream = nameOf(batch.options?.getStreamIdentifier());
      const expected = batchExpectedOf(batch.options);
      const fault = node.nextFault();
      if (fault === 'silence') return;
      if (fault === 'lose-request') return void call.emit('error', failure(status.UNAVAILABLE, 'the request is lost'));
      const outcome = node.store.append(stream, batch.messages.map(proposedOf), expected);
      if (fault === 'lose-answer') return void call.emit('error', failure(status.UNAVAILABLE, 'the answer is lost'));
      call.write(batchResponse(correlationId, stream, outcome, expected));
    });
    call.on('end', () => call.end());
  }; // prettier-ignore

type Reading = ServerWritableStream<streamsPb.ReadReq, streamsPb.ReadResp>;
type Options = streamsPb.ReadReq.Options;

/** Does the filter of a subscription to everything let it pass? */
const passes = (options: Options, event: Stored): boolean => {
  const filter = options.getFilter();
  if (!filter) return true;
  const expression = filter.getStreamIdentifier() ?? filter.getEventType();
  const text = filter.hasStreamIdentifier() ? event.stream : event.type;
  const prefixes = expression?.getPrefixList() ?? [];
  if (prefixes.length > 0) return prefixes.some((prefix) => text.startsWith(prefix));
  return new RegExp(expression?.getRegex() ?? '').test(text);
};

/** Where a read begins and in which list: an index into the stream, or into everything. */
const startOf = (node: FakeNode, options: Options) => {
  const all = options.getAll();
  const of = options.getStream();
  const list = (): readonly Stored[] =>
    all ? node.store.all : (node.store.stream(nameOf(of?.getStreamIdentifier())) ?? []);
  const isEnd = all?.hasEnd() ?? of?.hasEnd() ?? false;
  const isStart = all?.hasStart() ?? of?.hasStart() ?? false;
  const asked = Number(all?.getPosition()?.getCommitPosition() ?? of?.getRevision() ?? 0);
  const end = list().length;
  // A read begins at the place that is named, a subscription behind it; a read of everything backwards before it.
  return { list, from: isEnd ? end : isStart ? 0 : asked, isNamed: !isEnd && !isStart, all, of };
};

const subscribe = (node: FakeNode, call: Reading, options: Options): void => {
  const { list, from, isNamed } = startOf(node, options);
  let next = isNamed ? from + 1 : from;
  call.write(confirmation(`subscription-${node.nextNumber()}`));
  const send = (): void => {
    const held = list();
    for (; next < held.length; next++) {
      const event = held[next];
      if (event && passes(options, event)) call.write(readResponse(event));
    }
  };
  send();
  call.write(new streamsPb.ReadResp().setCaughtUp(new streamsPb.ReadResp.CaughtUp()));
  const forget = node.store.watch(send);
  const leave = node.onDown(() => call.emit('error', failure(status.UNAVAILABLE, 'the node goes away')));
  call.on('cancelled', () => {
    forget();
    leave();
  });
};

const read =
  (node: FakeNode): Read =>
  (call) => {
    const refusal = node.refusal(call.metadata, false);
    if (refusal) return void call.emit('error', refusal);
    const options = call.request.getOptions();
    if (!options) return void call.emit('error', failure(status.INVALID_ARGUMENT, 'no options'));
    if (options.hasSubscription()) return subscribe(node, call, options);
    if (node.nextReadFault() === 'silence') return;
    const { list, from, all, of } = startOf(node, options);
    const name = nameOf(of?.getStreamIdentifier());
    if (!all && node.store.isTombstoned(name)) {
      const trailers = { exception: 'stream-deleted', 'stream-name': name };
      return void call.emit('error', failure(status.FAILED_PRECONDITION, 'deleted', trailers));
    }
    if (!all && !node.store.stream(name)) {
      call.write(notFoundResponse(name));
      return call.end();
    }
    const isBackwards = options.getReadDirection() === streamsPb.ReadReq.Options.ReadDirection.BACKWARDS;
    const held = isBackwards
      ? list().slice(0, all ? from : from + 1).toReversed()
      : list().slice(from); // prettier-ignore
    for (const event of held.slice(0, Math.min(Number(options.getCount()), held.length)))
      call.write(readResponse(event));
    call.end();
  };

const remove =
  (node: FakeNode): Delete =>
  (call, callback) => {
    const refusal = node.refusal(call.metadata, true);
    if (refusal) return callback(refusal);
    node.store.remove(nameOf(call.request.getOptions()?.getStreamIdentifier()), false);
    callback(null, new streamsPb.DeleteResp().setNoPosition(new sharedPb.Empty()));
  };

const tombstone =
  (node: FakeNode): Tombstone =>
  (call, callback) => {
    const refusal = node.refusal(call.metadata, true);
    if (refusal) return callback(refusal);
    node.store.remove(nameOf(call.request.getOptions()?.getStreamIdentifier()), true);
    callback(null, new streamsPb.TombstoneResp().setNoPosition(new sharedPb.Empty()));
  };

export const streamsService = (node: FakeNode) => ({
  append: append(node),
  batchAppend: batchAppend(node),
  read: read(node),
  delete: remove(node),
  tombstone: tombstone(node),
});
