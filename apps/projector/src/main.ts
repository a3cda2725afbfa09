// `npm run projector`: keeps the views that processes share; with words it asks the one that runs (status, rebuild, parked, retry).
import { loadConfigOrExit, ProcessConfig, startProcess } from '#libs/runtime';
import { EventLogConfig } from '#libs/event-log';
import { startShared } from '#libs/shared-config';
import { StoresConfig } from '#libs/stores';
import { ProjectorConfig } from './projector.config.js';

const defaults = { managementPort: 8893, dataDir: './data-projector' };
if (process.argv.length > 2) {
  const { runCommands } = await import('./cli/commands.js');
  const common = loadConfigOrExit(ProcessConfig, defaults);
  await runCommands(common, loadConfigOrExit(ProjectorConfig), process.argv);
} else {
  const { serve } = await import('./serve.js');
  const classes = [ProcessConfig, EventLogConfig, StoresConfig, ProjectorConfig];
  const shared = await startShared({ app: 'projector', classes, managementPort: defaults.managementPort });
  const common = loadConfigOrExit(ProcessConfig, defaults);
  await startProcess('projector', common, async (parts) => {
    await shared.follow(parts);
    await serve(common, loadConfigOrExit(StoresConfig), loadConfigOrExit(ProjectorConfig), parts);
  });
}
