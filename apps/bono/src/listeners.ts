// Where the edge listens: for clients and trunks at one address, or at one of each family, and for the core (docs/architecture.md §7).
// Made from configuration; reader: bono-node.ts.
import { type PeerCheck, type ProcessConfig, StartRefused } from '#libs/runtime';
import {
  canonicalIp,
  familyOf,
  hostPort,
  isWildcard,
  type ListenerAddress,
  type ListenerOptions,
  parseSipUri,
  type SharedPort,
  type TlsOptions,
  type TransportName,
  uriParam,
} from '#libs/sip';
import type { BonoConfig } from './bono.config.js';
import { originCheck } from './origins.js';
import { CLIENT_LISTENER, TRUSTED_LISTENER } from './ports.js';

export type Listening = Readonly<{
  process: Pick<ProcessConfig, 'bindAddress' | 'publicHost'>;
  config: BonoConfig;
  peers: PeerCheck;
  tls?: TlsOptions;
  /** Other processes have the ports for clients too. */
  shared?: SharedPort | undefined;
}>;

/** A public host that is an address is one of its family only. */
const publicAt = (publicHost: string, address: string): string => {
  const literal = canonicalIp(publicHost);
  const isOther = literal !== undefined && familyOf(literal) !== familyOf(address);
  return publicHost === '' || isOther ? address : publicHost;
};

/** Of one address that clients come to. */
const clientListeners = ({ process, config, tls, shared }: Listening, address: string) => {
  const host = publicAt(process.publicHost, address);
  const at = (transport: TransportName, port: number): ListenerOptions => ({
    name: CLIENT_LISTENER,
    transport,
    address,
    port,
    // A wildcard is no address to be reached at: then the transport says what it is bound to.
    ...(port === 0 || isWildcard(host) ? {} : { sentBy: hostPort(host, port) }),
    ...(shared === undefined ? {} : { shared }),
  });
  const web = { allowOrigin: originCheck(config.bonoWsOrigins) };
  return {
    plain: [
      at('udp', config.bonoPort),
      at('tcp', config.bonoPort),
      { ...at('ws', config.bonoWsPort), ...web },
    ],
    secure:
      tls === undefined
        ? []
        : [
            { ...at('tls', config.bonoTlsPort), tls },
            // A page's user is not asked for a certificate.
            { ...at('wss', config.bonoWssPort), ...web, tls: { ...tls, asksClients: false } },
          ],
  };
};

const trustedListeners = ({ process: { bindAddress }, config, peers }: Listening): ListenerOptions[] => {
  const { bonoTrustedPort: port, bonoTrustedHost: host } = config;
  const trusted = {
    name: TRUSTED_LISTENER,
    address: bindAddress,
    port,
    ...(host === '' || port === 0 ? {} : { sentBy: hostPort(host, port) }),
    allowPeer: peers,
    connectionsToPeer: config.sproutConnections,
  };
  return [
    // A router that is silent is found out long before its requests time out.
    { ...trusted, transport: 'tcp', findsSilent: true },
    { ...trusted, transport: 'udp' },
  ];
};

const isOfOtherFamily = (address: string, than: string): boolean =>
  canonicalIp(address) !== undefined && familyOf(address) !== familyOf(than);

/**
 * Flow tokens name a listener by its place, and those for datagrams outlive the process: what may be there or not comes behind all
 * datagrams of before, and TLS last.
 */
export const listenersOf = (listening: Listening): ListenerOptions[] => {
  const { bonoSecondAddress } = listening.config;
  const { bindAddress } = listening.process;
  if (bonoSecondAddress !== '' && !isOfOtherFamily(bonoSecondAddress, bindAddress))
    throw new StartRefused(
      `BONO_SECOND_ADDRESS takes an IP address of another family than ${bindAddress}: ${bonoSecondAddress}`,
    );
  const first = clientListeners(listening, bindAddress);
  const second = bonoSecondAddress === '' ? undefined : clientListeners(listening, bonoSecondAddress);
  return [
    ...first.plain,
    ...trustedListeners(listening),
    ...(second?.plain ?? []),
    ...first.secure,
    ...(second?.secure ?? []),
  ];
};

export const hostsOf = (addresses: readonly ListenerAddress[]): ReadonlySet<string> =>
  new Set(addresses.flatMap(({ address, port, sentBy }) => [hostPort(address, port), sentBy.toLowerCase()]));

export const familiesOf = (...addresses: readonly string[]): readonly (4 | 6)[] => [
  ...new Set(addresses.filter((address) => address !== '').map(familyOf)),
];

const transportOf = (uri: string): TransportName => {
  const stated = uriParam(uri, 'transport')?.toLowerCase();
  if (/^sips:/i.test(uri)) return 'tls';
  return stated === 'tcp' || stated === 'tls' ? stated : 'udp';
};

/** The side of the edge that faces a peer: by its URI's transport, and by its family where that is to be seen. */
export const trunkSides =
  (addresses: readonly ListenerAddress[]) =>
  (peerUri: string): string => {
    const transport = transportOf(peerUri);
    const literal = canonicalIp(parseSipUri(peerUri)?.host ?? '');
    const own = addresses.filter((one) => one.name === CLIENT_LISTENER && one.transport === transport);
    const facing =
      own.find(({ address }) => literal === undefined || familyOf(address) === familyOf(literal)) ?? own[0];
    return `${facing?.sentBy ?? ''};transport=${transport}`;
  };
