// What a newcomer sees when everything is ready: the domain, the ports, whom to be, what to try. For people, not logged.
import { hostPort } from '#libs/sip';
import type { DemoSubscriber } from './demo.js';

export type Running = Readonly<{
  homeDomain: string;
  host: string;
  sipPort: number;
  wsPort: number;
  /** 0: the edge has no certificate. */
  tlsPort: number;
  wssPort: number;
  portal: Readonly<{
    url: string;
    /** Shown in a demonstration only. */
    signupCode: string | undefined;
  }>;
  http: readonly (readonly [name: string, url: string])[];
  /** Where what is chargeable is sent; none: it is recorded only. */
  cdfs: readonly string[];
  dataDir: string;
  apiKeyFile: string | undefined;
  demo: readonly DemoSubscriber[];
  readyMs: number;
}>;

const row = (name: string, text: string): string => `  ${name.padEnd(14)} ${text}`;

const demoRows = ({ demo, dataDir }: Running): string[] =>
  demo.length === 0
    ? ['', 'No demo subscribers: npm run provision -- --help']
    : [
        '',
        `Demo subscribers (passwords also in ${dataDir}/demo.json):`,
        ...demo.map(({ impu, impi, password }) => row(impu, `user name ${impi}  password ${password}`)),
      ];

/** The text for the terminal, ready to print. */
export const banner = (running: Running): string => {
  const {
    homeDomain,
    host,
    portal,
    sipPort,
    wsPort,
    tlsPort,
    wssPort,
    http,
    cdfs,
    dataDir,
    apiKeyFile,
    readyMs,
  } = running;
  return [
    '',
    `Clearwater serves ${homeDomain} (ready in ${(readyMs / 1000).toFixed(1)} s)`,
    '',
    row('SIP', `${hostPort(host, sipPort)} UDP and TCP`),
    row('WebSocket', `ws://${hostPort(host, wsPort)}`),
    ...(tlsPort === 0 ? [] : [row('SIP over TLS', hostPort(host, tlsPort))]),
    ...(wssPort === 0 ? [] : [row('WSS', `wss://${hostPort(host, wssPort)}`)]),
    row('portal', portal.url),
    ...http.map(([name, url]) => row(name, url)),
    row('charging', cdfs.length === 0 ? 'recorded, sent nowhere (CDF_PEERS)' : `to ${cdfs.join(', ')}`),
    row('data', dataDir),
    ...(apiKeyFile === undefined ? [] : [row('API key', `in ${apiKeyFile}`)]),
    ...demoRows(running),
    '',
    'What to try:',
    portal.signupCode === undefined
      ? `  open ${portal.url} in a browser`
      : `  open ${portal.url} in a browser, sign-up code ${portal.signupCode}`,
    `  register a phone: domain ${homeDomain}, proxy ${hostPort(host, sipPort)}, a user name and password from above`,
    '  call from one phone to the other, then read what happened:',
    `    npm run history -- show registration-sip:alice@${homeDomain}`,
    '    npm run history -- tail --follow',
    '  make a thousand subscribers: npm run provision -- --count 1000 --password secret',
    '  stop with Ctrl-C; nothing that was acknowledged is lost, however it stops',
    '',
    '',
  ].join('\n');
};
