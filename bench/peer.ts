// `npm run bench -- peer-register` and `peer-call`: the same flows through Kamailio, so that the ratio of one run on one machine
// decides. A figure far from the known ones (about 25 µs and 100 µs) means that the peer is set up wrongly, not that it is slow.
import { SERVER_CPU } from './flows.js';
import { type CpuFigures, measureCpu, type RunOptions } from './measure/cpu-runs.js';
import { startKamailio } from './harness/kamailio.js';
import { prepareFlow } from './prepared-flow.js';

export type PeerOptions = RunOptions & Readonly<{ users: number; sqlite?: boolean }>;

const WARM_UP_S = 2;

const benchPeer =
  (flow: 'register' | 'call') =>
  async (options: PeerOptions): Promise<CpuFigures> => {
    const peer = await startKamailio({ cpus: SERVER_CPU, sqlite: options.sqlite ?? false });
    try {
      const { load, dispose } = await prepareFlow(flow, `127.0.0.1:${peer.port}`, options.users);
      try {
        await load(options.rate, options.rate * WARM_UP_S);
        return await measureCpu(peer, load, options);
      } finally {
        await dispose();
      }
    } finally {
      await peer.dispose();
    }
  };

export const benchPeerRegister = benchPeer('register');
export const benchPeerCall = benchPeer('call');
