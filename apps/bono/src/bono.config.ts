// Bono's variables, beside those that every app shares (libs/runtime ProcessConfig).
import { ArrayMaxSize, IsBoolean, IsInt, IsOptional, Matches, Max, Min } from 'class-validator';
import { EMERGENCY_NUMBERS, EmergencyNumbers, Env, PortVariable, SipConnectionLifetime } from '#libs/runtime';

const CONNECTIONS = { message: 'takes a whole number, 1 to 64' };
/** An origin as browsers write it (RFC 6454 §6.1): no path, no wildcard. */
const ORIGIN = /^https?:\/\/(?:[A-Za-z0-9.-]{1,253}|\[[0-9A-Fa-f:.]{2,45}\])(?::\d{1,5})?$/;
const ORIGINS_MAX = 64;
const ADDRESS = /^(?:[0-9.]{7,15}|[0-9A-Fa-f:.]{2,45})?$/;
const HOST = /^([A-Za-z0-9.-]{1,253}|\[?[0-9A-Fa-f:.]{2,45}\]?)?$/;

/** As it is told in P-Charging-Function-Addresses: nothing that ends a value there. */
const CDF = /^(?:(?:aaas?:\/\/)?[A-Za-z0-9.:[\]-]{1,253})?$/;

export class BonoConfig {
  @PortVariable('BONO_PORT', 'SIP port for clients, UDP and TCP')
  bonoPort = 5060;

  @PortVariable('BONO_WS_PORT', 'SIP over WebSocket port for clients (RFC 7118)')
  bonoWsPort = 5062;

  @PortVariable(
    'BONO_TLS_PORT',
    'SIP over TLS port for clients; open with TLS_CERT_FILE, or when PUBLIC_HOST is not loopback',
  )
  bonoTlsPort = 5061;

  @PortVariable('BONO_WSS_PORT', 'SIP over secure WebSocket port for clients; open when BONO_TLS_PORT is')
  bonoWssPort = 5063;

  @Env('TLS_CERT_FILE', 'PEM certificate that clients are shown, chain included; read anew when it changes', {
    defaultText: 'none on loopback, else one made in `DATA_DIR/tls`',
  })
  @Matches(/^[^\0]*$/, { message: 'takes a file' })
  tlsCertFile = '';

  @Env('TLS_KEY_FILE', 'PEM private key of TLS_CERT_FILE; read anew when it changes')
  @Matches(/^[^\0]*$/, { message: 'takes a file' })
  tlsKeyFile = '';

  @Env('BONO_WS_ORIGINS', 'web origins whose pages may open WebSockets; clients that name none may too', {
    kind: 'list',
    defaultText: 'any',
  })
  @ArrayMaxSize(ORIGINS_MAX, { message: `takes at most ${ORIGINS_MAX} origins` })
  @Matches(ORIGIN, { each: true, message: 'takes web origins such as https://phone.example.com' })
  bonoWsOrigins: string[] = [];

  @EmergencyNumbers()
  emergencyNumbers: string[] = [...EMERGENCY_NUMBERS];

  @Env('EMERGENCY_UNREGISTERED', 'who is not registered may make emergency calls; else 380', {
    kind: 'boolean',
  })
  @IsBoolean({ message: 'takes 1 or 0' })
  emergencyUnregistered = false;

  @PortVariable('BONO_TRUSTED_PORT', 'SIP port for the core, TCP and UDP')
  bonoTrustedPort = 5058;

  @Env(
    'BONO_TRUSTED_HOST',
    'name or address that routers reach BONO_TRUSTED_PORT at; needed where BIND_ADDRESS is every address and the routers run elsewhere',
    { defaultText: '`BIND_ADDRESS`' },
  )
  @Matches(HOST, { message: 'takes an IP address or a host name' })
  bonoTrustedHost = '';

  @Env(
    'FLOW_TOKEN_KEY_FILE',
    'file with the key that signs the flow tokens in Path and Record-Route (32 bytes), the same for all workers of an edge; made when absent',
    { defaultText: '`DATA_DIR/flow-token.key`' },
  )
  @Matches(/^[^\0]*$/, { message: 'takes a file' })
  flowTokenKeyFile = '';

  @Env(
    'SPROUT_CONNECTIONS',
    'TCP connections to each address and port of the router, used in turn: behind one there may be several workers',
  )
  @IsInt(CONNECTIONS)
  @Min(1, CONNECTIONS)
  @Max(64, CONNECTIONS)
  sproutConnections = 1;

  @Env(
    'BONO_SECOND_ADDRESS',
    'IP address of the other family that clients and trunks come to as well, at the same ports: IPv6 beside IPv4',
    { defaultText: 'none' },
  )
  @Matches(ADDRESS, { message: 'takes an IP address' })
  bonoSecondAddress = '';

  @Env(
    'TRUNKS_FILE',
    'JSON file with the networks and PBXes outside that calls are exchanged with (docs/trunks.md); read again at SIGHUP',
    { defaultText: 'none' },
  )
  @Matches(/^[^\0]*$/, { message: 'takes a file' })
  trunksFile = '';

  @Env(
    'TRUNK_CA_FILE',
    'PEM of those whose word on the certificates of trunks is taken, in both directions',
    { defaultText: 'the public ones' },
  )
  @Matches(/^[^\0]*$/, { message: 'takes a file' })
  trunkCaFile = '';

  @Env(
    'CDF_IDENTITY',
    'charging function (host or DiameterURI) that the edge writes records of its own for, beside the routers’: those of a P-CSCF (docs/charging.md); also told to the core',
    { defaultText: 'none: the edge writes none' },
  )
  @Matches(CDF, { message: 'takes a host name, an address, or a DiameterURI' })
  cdfIdentity = '';

  @Env(
    'BONO_CHARGING_SPOOL_DIR',
    'folder where charging facts of an edge alone wait while the log takes none, best on another disk than its',
    { defaultText: '`DATA_DIR/charging-spool`' },
  )
  @Matches(/^[^\0]*$/, { message: 'takes a folder' })
  bonoChargingSpoolDir = '';

  @Env(
    'SPROUT_ADDRESS',
    'IP address of the SIP router, or a name with the addresses of several, as this edge reaches it',
    {
      defaultText: '`BIND_ADDRESS`',
    },
  )
  @IsOptional()
  @Matches(HOST, { message: 'takes an IP address or a host name' })
  sproutAddress = '';

  @SipConnectionLifetime()
  sipConnectionLifetimeS = 600;

  @PortVariable('ICSCF_PORT', 'SIP port of the I-CSCF, TCP and UDP')
  icscfPort = 5052;

  @PortVariable('SCSCF_PORT', 'SIP port of the S-CSCF, TCP and UDP')
  scscfPort = 5054;
}
