import { createFakeClock } from '#libs/testkit';
import { Connections, type Connection } from './connections.js';
import { silentLog } from './contract/recorder.js';
import { DEFAULT_LIMITS, newCounters, type ListenerContext } from './listener.js';

const CONNECTIONS_MAX = 2_000;
/** Phones that are registered: more than a search from the oldest one on may look at. */
const PHONES = 1_500;

const listenerContext = (): ListenerContext => ({
  name: 'edge',
  transport: 'tcp',
  address: '127.0.0.1',
  receiver: { current: { message: () => {}, flowClosed: () => {}, sendFailed: () => {} } },
  counters: newCounters(),
  limits: { ...DEFAULT_LIMITS, connectionsMax: CONNECTIONS_MAX },
  clock: createFakeClock(),
  log: silentLog,
  allowPeer: undefined,
});

/** Connections without sockets; `dropped` has the ids of those that made room. */
const setUp = () => {
  const connections = new Connections<Connection>(listenerContext());
  const dropped: number[] = [];
  const open = (connectionId: number, incomplete = true): Connection => {
    const connection: Connection = {
      transport: 'tcp',
      reliable: true,
      listener: 'edge',
      localAddress: '127.0.0.1',
      localPort: 5060,
      remoteAddress: '192.0.2.1',
      remotePort: connectionId,
      connectionId,
      closed: false,
      quietSweeps: 0,
      incompleteSweeps: 0,
      incomplete,
      send: () => true,
      close: () => {},
      drop: () => {
        dropped.push(connectionId);
        connections.remove(connection);
      },
    };
    connections.add(connection);
    return connection;
  };
  return { connections, dropped, open };
};

describe('room for one more connection', () => {
  it('is made however many phones are older than the silent connections', () => {
    const { connections, dropped, open } = setUp();
    for (let id = 0; id < PHONES; id++) connections.spoke(open(id));
    for (let id = PHONES; id < CONNECTIONS_MAX; id++) open(id);
    for (let id = CONNECTIONS_MAX; id < CONNECTIONS_MAX + 600; id++) {
      expect(connections.makeRoom()).toBe(true);
      open(id);
    }
    expect(dropped).toEqual(Array.from({ length: 600 }, (_, n) => PHONES + n));
    expect(connections.size).toBe(CONNECTIONS_MAX);
  });

  it('is not made from connections that spoke, nor from our own', () => {
    const { connections, dropped, open } = setUp();
    const ours = 500;
    for (let id = 0; id < CONNECTIONS_MAX; id++) {
      const connection = open(id, id >= ours);
      if (id >= ours) connections.spoke(connection);
    }
    expect([connections.makeRoom(), dropped]).toEqual([false, []]);
  });

  it('is not made from connections that are closed or linger', () => {
    const { connections, dropped, open } = setUp();
    connections.remove(open(1));
    connections.linger(open(2));
    for (let id = 3; id < 3 + CONNECTIONS_MAX; id++) connections.spoke(open(id));
    expect([connections.makeRoom(), dropped]).toEqual([false, []]);
  });
});
