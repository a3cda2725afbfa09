// `npm run projector`: keeps the views that processes share; with words it asks the one that runs (status, rebuild, parked, retry).
import { loadConfigOrExit, ProcessConfig, startProcess } from '#libs/runtime';
import { StoresConfig } from '#libs/stores';
import { ProjectorConfig } from './projector.config.js';

const common = loadConfigOrExit(ProcessConfig, { managementPort: 8893, dataDir: './data-projector' });
const config = loadConfigOrExit(ProjectorConfig);
if (process.argv.length > 2) {
  const { runCommands } = await import('./cli/commands.js');
  await runCommands(common, config, process.argv);
} else {
  const { serve } = await import('./serve.js');
  await startProcess('projector', common, (parts) =>
    serve(common, loadConfigOrExit(StoresConfig), config, parts),
  );
}
