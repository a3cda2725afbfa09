// What the handlers go by, from configuration and from where the router listens. Reader: sprout-node.ts.
import { createPeerCheck, type ProcessConfig } from '#libs/runtime';
import { hostKey, hostPort, isWildcard, type ListenerAddress } from '#libs/sip';
import { ICSCF_LISTENER, SCSCF_LISTENER } from './listeners.js';
import type { SproutSettings } from './ports.js';
import type { SproutConfig } from './sprout.config.js';

/** A subscription granted with a registration outlasts it, so that its end is told. */
const SUBSCRIPTION_OUTLASTS_S = 161;

type ConfiguredRouter = Readonly<{
  process: Pick<ProcessConfig, 'homeDomain' | 'publicHost'>;
  config: SproutConfig;
}>;

/** An address of its own: an application server may be without our names. None where every address is listened on. */
const iscHostOf = (addresses: readonly ListenerAddress[]): string | undefined => {
  const own = addresses.find(({ name }) => name === SCSCF_LISTENER);
  return own === undefined || isWildcard(own.address) ? undefined : hostPort(own.address, own.port);
};

export const settingsOf = (
  { process: { homeDomain, publicHost }, config }: ConfiguredRouter,
  addresses: readonly ListenerAddress[],
): SproutSettings => {
  const port = (listener: string) => addresses.find(({ name }) => name === listener)?.port ?? 0;
  const icscf = `icscf.${homeDomain}:${port(ICSCF_LISTENER)}`;
  const scscf = `scscf.${homeDomain}:${port(SCSCF_LISTENER)}`;
  return {
    homeDomain,
    registrarNames: new Set(
      [homeDomain, `icscf.${homeDomain}`, `scscf.${homeDomain}`, publicHost].filter(Boolean).map(hostKey),
    ),
    ownHosts: new Set([
      homeDomain,
      icscf,
      scscf,
      ...addresses.map(({ address, port: own }) => hostPort(address, own)),
    ]),
    scscfUri: `sip:${scscf};transport=tcp`,
    icscfUri: `sip:${icscf};transport=tcp`,
    iscHost: config.iscByName ? scscf : (iscHostOf(addresses) ?? scscf),
    numbers: {
      homeDomain,
      enforceUserPhone: config.enforceUserPhone,
      enforceGlobalOnlyLookups: config.enforceGlobalOnlyLookups,
      overrideNpdi: config.overrideNpdi,
    },
    emergency: { numbers: new Set(config.emergencyNumbers), homeDomain },
    emergencyRoutes: config.emergencyRoutes,
    continuedMs: config.sessionContinuedTimeoutMs,
    terminatedMs: config.sessionTerminatedTimeoutMs,
    forkRingMs: config.forkRingS * 1000,
    sessionTimer: { targetS: config.defaultSessionExpires, minS: config.minSessionExpires },
    regMaxExpiresS: config.regMaxExpires,
    regMinExpiresS: config.regMinExpires,
    subMaxExpiresS: config.subMaxExpires || config.regMaxExpires + SUBSCRIPTION_OUTLASTS_S,
    subMinExpiresS: config.subMinExpires,
    digestAlgorithms: config.digestAlgorithms,
    isPcscf: createPeerCheck(config.pcscfPeers, false),
  };
};
