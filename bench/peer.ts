// `npm run bench -- peer-register` and `peer-call`: the same flows through Kamailio, so that the ratio of one run on one machine
// decides. A figure far from the known ones (about 25 µs and 100 µs) means that the peer is set up wrongly, not that it is slow.
import { prepareCalls, prepareRegistrations, SERVER_CPU } from './flows.js';
import { type CpuFigures, measureCpu, type RunOptions } from './harness/cpu-runs.js';
import { type Peer, startKamailio } from './harness/kamailio.js';

export type PeerOptions = RunOptions & Readonly<{ users: number; sqlite?: boolean }>;

const WARM_UP_S = 2;

const withPeer = async (
  options: PeerOptions,
  run: (peer: Peer) => Promise<CpuFigures>,
): Promise<CpuFigures> => {
  const peer = await startKamailio({ cpus: SERVER_CPU, sqlite: options.sqlite ?? false });
  try {
    return await run(peer);
  } finally {
    await peer.dispose();
  }
};

export const benchPeerRegister = (options: PeerOptions): Promise<CpuFigures> =>
  withPeer(options, async (peer) => {
    const flows = await prepareRegistrations(`127.0.0.1:${peer.port}`, options.users);
    try {
      await flows.load(options.rate, options.rate * WARM_UP_S);
      return await measureCpu(peer, flows.load, options);
    } finally {
      flows.dispose();
    }
  });

export const benchPeerCall = (options: PeerOptions): Promise<CpuFigures> =>
  withPeer(options, async (peer) => {
    const flows = await prepareCalls(`127.0.0.1:${peer.port}`, options.users);
    try {
      await flows.register();
      await flows.load(options.rate, options.rate * WARM_UP_S);
      return await measureCpu(peer, flows.load, options);
    } finally {
      await flows.dispose();
    }
  });
