// Ellis alone: on its own DATA_DIR, or on engines that it shares with others; lines through a Homestead Prov and a Homer elsewhere
// (HOMESTEAD_PROV_URL, HOMER_URL). With words it asks the one that runs.
import { UPCASTERS } from '#libs/domain';
import { systemHosts } from '#libs/dns';
import { EventLogConfig, type ProcessLog } from '#libs/event-log';
import { createHttpPool, createUndiciTransport, resolverWith } from '#libs/http-pool';
import { createParkedList, lagMsOf, openProcessData, type Projector } from '#libs/projector';
import {
  type ApiRole,
  type Clock,
  loadApiKeys,
  loadConfigOrExit,
  presentedKey,
  ProcessConfig,
  startProcess,
} from '#libs/runtime';
import { startShared } from '#libs/shared-config';
import { StoresConfig } from '#libs/stores';
import { linesByAccount, openLinesView } from '#projections/lines-by-account';
import { countRegistered, openRegistrations } from '#projections/registrations-by-aor';
import { openSubscriberStores } from '#projections/subscriber-profiles';
import { EllisConfig } from './ellis.config.js';
import { createRemoteSurroundings } from './operator/remote-surroundings.js';
import { sampled } from './operator/sampled.js';
import type { ViewFigures } from './operator/surroundings.port.js';
import { startEllis } from './start-ellis.js';

/** Longer than a neighbour waits for its log and its store: what it says then is told apart from silence. */
const NEIGHBOUR_ANSWER_MS = 5_000;

/** A portal's clients wait for half a minute: longer than phones, which ask again. */
const APPEND_MS = 10_000;

/** All rows are gone through for it. */
const REGISTERED_EVERY_MS = 10_000;

/** The view that this process keeps, as operators see it. */
const ownFigures = async (
  log: ProcessLog,
  view: Projector,
  clock: Clock,
): Promise<readonly ViewFigures[]> => {
  const { name, topics } = linesByAccount;
  const isBehind = (await log.lags()).some(({ group, lag }) => group === name && lag > 0);
  const lag_ms = isBehind ? await lagMsOf(log, topics, view.position, clock.nowMs()) : 0;
  return [{ name, lag_ms, parked: view.parked().length }];
};

const defaults = { managementPort: 8081, dataDir: './data-ellis' };
if (process.argv.length > 2) {
  const { runCommands } = await import('./cli/commands.js');
  await runCommands(loadConfigOrExit(ProcessConfig), loadConfigOrExit(EllisConfig), process.argv);
} else {
  const classes = [ProcessConfig, EventLogConfig, StoresConfig, EllisConfig];
  const shared = await startShared({ app: 'ellis', classes, managementPort: defaults.managementPort });
  const common = loadConfigOrExit(ProcessConfig, defaults);
  const config = loadConfigOrExit(EllisConfig);
  const storesConfig = loadConfigOrExit(StoresConfig);
  const eventLog = loadConfigOrExit(EventLogConfig, { kafkaAppendTimeoutMs: APPEND_MS });
  await startProcess('ellis', common, async (parts) => {
    const { clock, random, logger, shutdown, httpCa: ca } = parts;
    await shared.follow(parts);
    const data = await openProcessData(common, parts, UPCASTERS, storesConfig, eventLog);
    const { credentials } = await openSubscriberStores(data, common, parts);
    const { lines, view } = await openLinesView(data);
    const registrations = await openRegistrations(common, storesConfig, data, random);
    data.serve(async () => void (await Promise.all([view.stop(), registrations.stop()])));
    const { bindAddress, dataDir, apiKeys: configured } = common;
    const { keys: apiKeys } = loadApiKeys({ configured, dataDir, httpHosts: [bindAddress], random, logger });
    const resolve = resolverWith(systemHosts(common.hostsFile));
    const neighbour = (name: string, url: string, role: ApiRole) => {
      const apiKey = presentedKey(configured, role);
      const headers = apiKey === undefined ? {} : { headers: { 'x-api-key': apiKey } };
      const transport = createUndiciTransport({ answerMs: NEIGHBOUR_ANSWER_MS, ca });
      const pool = createHttpPool({ url, clock, random, transport, resolve, ...headers });
      shutdown.on('close', `${name} link`, () => pool.close());
      return pool;
    };
    const provisioning = neighbour('homestead-prov', config.homesteadProvUrl, 'provisioning');
    const homer = neighbour('homer', config.homerUrl || 'http://127.0.0.1:7888', 'homer');
    const registrar = config.sproutHttpUrl === '' ? {} : { registrar: neighbour('sprout', config.sproutHttpUrl, 'sprout') }; // prettier-ignore
    const projector = config.projectorUrl === '' ? {} : { projector: neighbour('projector', config.projectorUrl, 'projector') }; // prettier-ignore
    const chronos = config.chronosUrl === '' ? {} : { chronos: neighbour('chronos', config.chronosUrl, 'chronos') }; // prettier-ignore
    const onFault = (error: unknown): void => logger.warn({ err: error }, 'a figure for operators');
    const surroundings = createRemoteSurroundings({
      neighbours: { 'homestead-prov': provisioning, homer, ...projector, ...chronos },
      own: {
        figures: () => ownFigures(data.log, view, clock),
        parked: createParkedList([{ name: linesByAccount.name, projector: view }]),
      },
      ...projector,
      ...chronos,
      registered: sampled(() => countRegistered(registrations.rows, clock), { everyMs: REGISTERED_EVERY_MS, clock, onFault }), // prettier-ignore
      clock,
      onFault,
    });
    await startEllis({
      ...parts,
      process: common,
      config,
      log: data.log,
      isLogShared: data.isLogShared,
      lines,
      credentials,
      registrations: registrations.rows,
      engines: data.engines,
      apiKeys,
      provisioning,
      homer,
      ...registrar,
      surroundings,
      websocketUrls: [],
      isDemo: false,
    });
  });
}
