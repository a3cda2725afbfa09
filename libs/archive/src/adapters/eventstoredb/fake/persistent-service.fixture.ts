// EventStoreDB's persistent subscriptions on the stand-in: groups on one stream or on everything, acknowledged, retried, parked or skipped.
// Served by fake-eventstoredb.fixture.ts. What it leaves out: several strategies, checkpoints over a restart, time-outs of messages.
import persistentPb from '@eventstore/db-client/generated/persistent_pb.js';
import {
  type handleBidiStreamingCall,
  type handleUnaryCall,
  type ServerDuplexStream,
  status,
} from '@grpc/grpc-js';
import type { Stored } from './event-store.js';
import type { FakeNode } from './fake-node.fixture.js';
import { failure, nameOf, persistentResponse } from './messages.fixture.js';

type Create = handleUnaryCall<persistentPb.CreateReq, persistentPb.CreateResp>;
type Delete = handleUnaryCall<persistentPb.DeleteReq, persistentPb.DeleteResp>;
type Read = handleBidiStreamingCall<persistentPb.ReadReq, persistentPb.ReadResp>;
type Call = ServerDuplexStream<persistentPb.ReadReq, persistentPb.ReadResp>;

/** Everything's name among the streams that groups are on. */
const ALL = '$all';

class Group {
  /** The index of the next event to send. */
  #next: number;
  readonly #unacknowledged = new Map<string, { event: Stored; retries: number }>();
  readonly parked: string[] = [];
  #consumer: { call: Call; window: number } | undefined;

  constructor(
    private readonly list: () => readonly Stored[],
    start: number,
  ) {
    this.#next = start;
  }

  get isTaken(): boolean {
    return this.#consumer !== undefined;
  }

  attach(call: Call, window: number): void {
    this.#consumer = { call, window };
    for (const { event, retries } of this.#unacknowledged.values()) call.write(persistentResponse(event, retries));
    this.send();
  } // prettier-ignore

  /** What was sent and not acknowledged goes to the next consumer. */
  detach(): void {
    this.#consumer = undefined;
  }

  send(): void {
    const held = this.list();
    while (this.#consumer && this.#unacknowledged.size < this.#consumer.window && this.#next < held.length) {
      const event = held[this.#next];
      this.#next += 1;
      if (!event) continue;
      this.#unacknowledged.set(event.id, { event, retries: 0 });
      this.#consumer.call.write(persistentResponse(event, 0));
    }
  }

  acknowledge(ids: readonly string[]): void {
    for (const id of ids) this.#unacknowledged.delete(id);
    this.send();
  }

  refuse(ids: readonly string[], action: persistentPb.ReadReq.Nack.Action): void {
    const { PARK, RETRY } = persistentPb.ReadReq.Nack.Action;
    for (const id of ids) {
      const held = this.#unacknowledged.get(id);
      if (held && action === RETRY) {
        held.retries += 1;
        this.#consumer?.call.write(persistentResponse(held.event, held.retries));
        continue;
      }
      this.#unacknowledged.delete(id);
      if (action === PARK) this.parked.push(id);
    }
    this.send();
  }
}

export class PersistentGroups {
  readonly #groups = new Map<string, Group>();

  constructor(private readonly node: FakeNode) {
    node.store.watch(() => {
      for (const group of this.#groups.values()) group.send();
    });
  }

  parkedOf(stream: string, group: string): readonly string[] {
    return this.#groups.get(`${stream}::${group}`)?.parked ?? [];
  }

  create: Create = (call, callback) => {
    const refusal = this.node.refusal(call.metadata, true);
    if (refusal) return callback(refusal);
    const options = call.request.getOptions();
    const of = options?.getStream();
    const stream = options?.hasAll() === true ? ALL : nameOf(of?.getStreamIdentifier() ?? options?.getStreamIdentifier());
    const key = `${stream}::${options?.getGroupName() ?? ''}`;
    if (this.#groups.has(key)) return callback(this.#fault('persistent-subscription-exists', key));
    const list = this.#listOf(stream);
    const isEnd = of?.hasEnd() ?? options?.getAll()?.hasEnd() ?? false;
    const named = Number(of?.getRevision() ?? 0);
    this.#groups.set(key, new Group(list, isEnd ? list().length : named));
    callback(null, new persistentPb.CreateResp());
  }; // prettier-ignore

  delete: Delete = (call, callback) => {
    const options = call.request.getOptions();
    const key = `${options?.hasAll() === true ? ALL : nameOf(options?.getStreamIdentifier())}::${options?.getGroupName() ?? ''}`;
    if (!this.#groups.delete(key)) return callback(this.#fault('persistent-subscription-does-not-exist', key));
    callback(null, new persistentPb.DeleteResp());
  }; // prettier-ignore

  read: Read = (call) => {
    const refusal = this.node.refusal(call.metadata, false);
    if (refusal) return void call.emit('error', refusal);
    let group: Group | undefined;
    const leave = this.node.onDown(() =>
      call.emit('error', failure(status.UNAVAILABLE, 'the node goes away')),
    );
    const end = (): void => {
      group?.detach();
      group = undefined;
      leave();
    };
    call.on('data', (request: persistentPb.ReadReq) => {
      const options = request.getOptions();
      if (options) group = this.#join(call, options);
      const [ack, nack] = [request.getAck(), request.getNack()];
      if (ack) group?.acknowledge(ack.getIdsList().map((id) => id.getString()));
      if (nack)
        group?.refuse(
          nack.getIdsList().map((id) => id.getString()),
          nack.getAction(),
        );
    });
    call.on('cancelled', end);
    call.on('end', () => {
      end();
      call.end();
    });
  };

  #join(call: Call, options: persistentPb.ReadReq.Options): Group | undefined {
    const stream = options.hasAll() ? ALL : nameOf(options.getStreamIdentifier());
    const key = `${stream}::${options.getGroupName()}`;
    const group = this.#groups.get(key);
    const fault = group?.isTaken
      ? 'maximum-subscribers-reached'
      : group
        ? undefined
        : 'persistent-subscription-does-not-exist';
    if (fault !== undefined || !group) {
      call.emit('error', this.#fault(fault ?? '', key));
      return undefined;
    }
    call.write(
      new persistentPb.ReadResp().setSubscriptionConfirmation(
        new persistentPb.ReadResp.SubscriptionConfirmation().setSubscriptionId(key),
      ),
    );
    group.attach(call, options.getBufferSize());
    return group;
  }

  #fault(exception: string, key: string) {
    const [stream = '', group = ''] = key.split('::');
    return failure(status.FAILED_PRECONDITION, exception, {
      exception,
      'stream-name': stream,
      'group-name': group,
    });
  }

  #listOf(stream: string): () => readonly Stored[] {
    const { store } = this.node;
    return stream === ALL ? () => store.all : () => store.stream(stream) ?? [];
  }
}
