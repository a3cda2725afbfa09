// The last step of a start: demo subscribers, and what a person at the terminal wants to know.
import type { Logger, Random } from '#libs/runtime';
import { banner } from './banner.js';
import type { Clearwater, ClearwaterConfigs } from './clearwater.js';
import { seedDemo } from './demo.js';
import { wantsDemo } from './wants-demo.js';

export type WelcomeOptions = Readonly<{
  random: Random;
  logger: Logger;
  apiKeyFile: string | undefined;
  readyMs: number;
}>;

/** Makes the demo subscribers where wanted, and prints the ports and the next steps. */
export const welcome = async (
  { provisioning, bono, http, homer, ralf, ellis }: Clearwater,
  configs: ClearwaterConfigs,
  { random, logger, apiKeyFile, readyMs }: WelcomeOptions,
): Promise<void> => {
  const { homeDomain, bindAddress, dataDir, managementPort } = configs.process;
  const demo = wantsDemo(configs) ? await seedDemo(provisioning, { dataDir, homeDomain, random }) : [];
  const port = (transport: string) =>
    bono.addresses.find((address) => address.transport === transport)?.port ?? 0;
  logger.info({ readyMs: Math.round(readyMs), recoveredIdentities: bono.recovered }, 'ready');
  process.stdout.write(
    banner({
      homeDomain,
      host: bindAddress,
      sipPort: port('udp'),
      wsPort: port('ws'),
      tlsPort: port('tls'),
      wssPort: port('wss'),
      portal: { url: ellis.settings.url, signupCode: demo.length > 0 ? ellis.signupCode : undefined },
      http: [
        ['provisioning', `${http.provisioning.url}/docs`],
        ['Homestead', `${http.homestead.url}/docs`],
        ['Homer (XCAP)', `${homer.url}/docs`],
        ...(ralf === undefined ? [] : [['Ralf', `${ralf.http.url}/docs`] as const]),
        ['health', `http://${bindAddress}:${managementPort}/healthz, metrics at /metrics`],
      ],
      cdfs: configs.ralf.cdfPeers,
      dataDir,
      apiKeyFile,
      demo,
      readyMs,
    }),
  );
};
