// A stand-in for EventStoreDB at the level of its protocol, on the client's own generated service definitions: no real server runs on
// this machine (docs/archive.md says what that leaves open). Used by tests; main.fixture.ts runs it as a process that can be killed.
import gossipService from '@eventstore/db-client/generated/gossip_grpc_pb.js';
import gossipPb from '@eventstore/db-client/generated/gossip_pb.js';
import persistentGrpc from '@eventstore/db-client/generated/persistent_grpc_pb.js';
import featuresService from '@eventstore/db-client/generated/serverfeatures_grpc_pb.js';
import featuresPb from '@eventstore/db-client/generated/serverfeatures_pb.js';
import streamsGrpc from '@eventstore/db-client/generated/streams_grpc_pb.js';
import { type handleUnaryCall, Server, ServerCredentials, type ServiceDefinition } from '@grpc/grpc-js';
import type sharedPb from '@eventstore/db-client/generated/shared_pb.js';
import { FakeEventStore } from './event-store.js';
import { FakeNode } from './fake-node.fixture.js';
import { uuidOf } from './messages.fixture.js';
import { PersistentGroups } from './persistent-service.fixture.js';
import { streamsService } from './streams-service.fixture.js';

type Features = handleUnaryCall<sharedPb.Empty, featuresPb.SupportedMethods>;
type Gossip = handleUnaryCall<sharedPb.Empty, gossipPb.ClusterInfo>;

/** What the client asks before it uses batches. */
const supportedMethods: Features = (_call, callback) => {
  const definitions: readonly ServiceDefinition[] = [
    streamsGrpc.StreamsService,
    persistentGrpc.PersistentSubscriptionsService,
  ];
  const methods = definitions.flatMap((definition) =>
    Object.values(definition).map(({ path }) => {
      const [, service = '', method = ''] = path.split('/');
      const features = service.endsWith('PersistentSubscriptions') ? ['stream', 'all'] : [];
      return new featuresPb.SupportedMethod()
        .setServiceName(service.toLowerCase())
        .setMethodName(method.toLowerCase())
        .setFeaturesList(features);
    }),
  );
  callback(null, new featuresPb.SupportedMethods().setMethodsList(methods).setEventStoreServerVersion('23.10.0'));
}; // prettier-ignore

/** A cluster of those nodes: the first that is no follower is the leader. */
const gossip =
  (members: () => readonly Readonly<{ port: number; isLeader: boolean }>[]): Gossip =>
  (_call, callback) => {
    const { LEADER, FOLLOWER } = gossipPb.MemberInfo.VNodeState;
    const infos = members().map(({ port, isLeader }) =>
      new gossipPb.MemberInfo()
        .setInstanceId(uuidOf(`00000000-0000-4000-8000-${String(port).padStart(12, '0')}`))
        .setTimeStamp('0')
        .setState(isLeader ? LEADER : FOLLOWER)
        .setIsAlive(true)
        .setHttpEndPoint(new gossipPb.EndPoint().setAddress('127.0.0.1').setPort(port)),
    );
    callback(null, new gossipPb.ClusterInfo().setMembersList(infos));
  };

export type FakeOptions = Readonly<{
  /** 0: a free one. */
  port?: number;
  /** Outlives this process; in memory when absent. */
  file?: string;
  /** Of another node: both are one cluster then. */
  store?: FakeEventStore;
  nowMs?: () => number;
  /** Whom gossip tells of; this node alone when absent. */
  members?: () => readonly Readonly<{ port: number; isLeader: boolean }>[];
}>;

export interface FakeEventStoreDb {
  readonly port: number;
  /** For EVENTSTORE_URL. */
  readonly url: string;
  readonly node: FakeNode;
  readonly groups: PersistentGroups;
  /** As a killed process: connections break, nothing is said. */
  kill(): void;
}

export const startFakeEventStoreDb = async (options: FakeOptions = {}): Promise<FakeEventStoreDb> => {
  const { port: wanted = 0, file, nowMs = () => 0 } = options;
  const node = new FakeNode(options.store ?? new FakeEventStore(file, nowMs));
  const groups = new PersistentGroups(node);
  const server = new Server({ 'grpc.max_receive_message_length': 17 * 1024 * 1024 });
  let port = 0;
  const { members = () => [{ port, isLeader: node.leader === undefined }] } = options;
  // The generated definitions have no types for implementations.
  server.addService(streamsGrpc.StreamsService, streamsService(node));
  server.addService(featuresService.ServerFeaturesService, { getSupportedMethods: supportedMethods });
  server.addService(gossipService.GossipService, { read: gossip(members) });
  const { create, read, delete: remove } = groups;
  server.addService(persistentGrpc.PersistentSubscriptionsService, { create, read, delete: remove });
  port = await new Promise<number>((resolve, reject) => {
    server.bindAsync(`127.0.0.1:${wanted}`, ServerCredentials.createInsecure(), (error, bound) =>
      error ? reject(error) : resolve(bound),
    );
  });
  return {
    port,
    url: `esdb://127.0.0.1:${port}?tls=false`,
    node,
    groups,
    kill() {
      node.goDown();
      server.forceShutdown();
    },
  };
};
