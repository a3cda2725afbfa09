// npm run twinning: one number, two devices, as an application server under the tag `twinning` (docs/application-servers.md): both ring at
// once, or as the caller prefers; the first to answer has the call. Runs against a drachtio server too.
import { attachApplication, DrachtioClientConfig } from '#libs/drachtio';
import { loadConfigOrExit, ProcessConfig, startProcess } from '#libs/runtime';
import { TwinningConfig } from './twinning.config.js';
import { numberCalled, parseTwins, ringingOf } from './twinning.js';

const common = loadConfigOrExit(ProcessConfig, { managementPort: 7891 });
const server = loadConfigOrExit(DrachtioClientConfig);
const { twins: pairs, twinRingS: ringS } = loadConfigOrExit(TwinningConfig);
const parsed = parseTwins(pairs);
const twins = typeof parsed === 'string' ? new Map<string, string>() : parsed;
const KINDS = ['twinned', 'passed', 'unwanted'] as const;

await startProcess('twinning', common, async ({ logger, metrics, health, shutdown }) => {
  const counts = metrics.counters('twinning_calls_total', 'Calls, by what was done with them', 'kind', KINDS);
  const application = await attachApplication({
    tag: 'twinning',
    server,
    logger,
    health,
    invited(invite, { pass, reject }) {
      const twin = twins.get(numberCalled(invite) ?? '');
      const { destinations, together } = ringingOf(invite, twin);
      counts[destinations.length === 0 ? 'unwanted' : twin === undefined ? 'passed' : 'twinned'].n += 1;
      // RFC 3841 §7.2.4: no device is left.
      if (destinations.length === 0) return reject(480);
      return void pass({ destinations, together, ...(together ? {} : { ringS }) });
    },
  });
  shutdown.on('refuse', 'control port', () => application.detach());
});
