// A start with the shared configuration: its variables are taken where the machine says nothing itself, changes are told, and the
// process is shown among the members. Used by main.ts of every program with a log or an edge.
import { hostname } from 'node:os';
import { isDeepStrictEqual } from 'node:util';
import { UPCASTERS } from '#libs/domain';
import { additionsIn } from '#libs/event-log';
import {
  type ConfigClass,
  envFields,
  LOG_LEVELS,
  type Logger,
  loadConfigOrExit,
  ProcessConfig,
  type ProcessParts,
  readDotenv,
  systemClock,
} from '#libs/runtime';
import { EventGate } from '../event-gate.js';
import { SharedConfigConfig } from '../shared-config.config.js';
import type { ConfigChange, SharedConfig } from '../shared-config.port.js';
import { applyShared, sharingFault } from '../shared-variables.js';
import { openSharedConfig, readShared } from './open-shared-config.js';
import { showNode } from './shown-node.js';

export interface SharedStart {
  /** For a program that takes some changes at once. */
  readonly shared: SharedConfig;
  /** What the log asks before it writes an addition to an event. */
  readonly mayWrite: (type: string, version: number) => boolean;
  /** True for a variable that this machine's environment has: it wins. */
  isOwn(variable: string): boolean;
  /** Says what was taken, follows changes and joins, once the process has its parts. */
  follow(parts: ProcessParts): Promise<void>;
}

export type SharedStartOptions = Readonly<{
  /** The program, as members are told. */
  app: string;
  /** Its variables; those of other programs are not looked at. */
  classes: readonly ConfigClass[];
  /** Of this program where it is not the class's. */
  managementPort?: number;
  /** Variables whose changes the program takes while it runs. */
  live?: readonly string[];
}>;

/** Reads what is shared into this process's environment. */
export const startShared = async ({
  app,
  classes,
  live = [],
  ...defaults
}: SharedStartOptions): Promise<SharedStart> => {
  const config = loadConfigOrExit(SharedConfigConfig);
  const { dataDir, managementPort, bindAddress, buildName } = loadConfigOrExit(ProcessConfig, defaults);
  const own = { ...readDotenv('.env'), ...process.env };
  const shared = await openSharedConfig(config, dataDir, systemClock);
  const { values, staleReason } = await readShared(shared, dataDir);
  const { taken, refused } = applyShared(classes, values, process.env, own);
  // Where nodes cannot be seen nobody knows what they know; of the log of one process nobody else reads.
  const gate = new EventGate(additionsIn(UPCASTERS), config.sharedConfig === 'embedded');
  return {
    shared,
    mayWrite: (type, version) => gate.mayWrite(type, version),
    // What was taken from the shared configuration stands in the environment too, since then.
    isOwn: (variable) => own[variable] !== undefined,
    async follow(parts) {
      const { logger, shutdown, clock } = parts;
      shutdown.on('close', 'shared configuration', () => shared.close());
      if (staleReason !== undefined)
        logger.warn(`shared configuration: ${staleReason}; going on with what was last known`);
      if (taken.length > 0) logger.info({ variables: taken }, 'variables of the shared configuration');
      for (const fault of refused) logger.warn(`shared configuration: ${fault}; passed over`);
      if (config.sharedConfig === 'embedded' && Object.keys(values).length === 0) {
        // A file that nobody has made is not looked at each second.
        return;
      }
      let isWatched = false;
      const begin = async (): Promise<void> => {
        if (!isWatched) await shared.watch((change) => tell(change, classes, live, own, logger));
        isWatched = true;
        const name = `${hostname()}/${bindAddress}:${managementPort}`;
        await showNode({ ...parts, shared, name, app, version: buildName, gate });
      };
      const again = (error: unknown): void => {
        logger.warn({ err: error }, 'shared configuration cannot be followed; trying again');
        clock.after(RETRY_MS, () => void begin().catch(again));
      };
      await begin().catch(again);
    },
  };
};

const RETRY_MS = 5_000;

/** Only the level of the log can change under way; all else is read once, and its change says so. */
const tell = (
  { key, value, by }: ConfigChange,
  classes: readonly ConfigClass[],
  live: readonly string[],
  own: Readonly<Record<string, string | undefined>>,
  logger: Logger,
): void => {
  if (!classes.some((one) => envFields(one).some(({ name }) => name === key))) return;
  const fault = value === undefined ? undefined : sharingFault(classes, key, value);
  if (fault !== undefined) return logger.warn(`shared configuration: ${fault}; passed over`);
  if (own[key] !== undefined)
    return logger.warn(
      { variable: key, by },
      'shared configuration changed; this machine’s environment wins',
    );
  const level = LOG_LEVELS.find((one) => key === 'LOG_LEVEL' && isDeepStrictEqual(one, value));
  if (level !== undefined || live.includes(key)) {
    if (level !== undefined) logger.level = level;
    return logger.warn({ variable: key, value, by }, 'shared configuration changed: in effect');
  }
  logger.warn({ variable: key, value, by }, 'shared configuration changed: takes effect at the next start');
};
