// The projector's variables, beside those that every app shares (libs/runtime ProcessConfig).
// Read by main.ts here, which is the process and its command line.
import { IsInt, Max, Min } from 'class-validator';
import { Env } from '#libs/runtime';

const PORT = { message: 'takes a port, 0 to 65535' };

export class ProjectorConfig {
  @Env('PROJECTOR_PORT', 'TCP port of the HTTP API of the projector: views, rebuilds, parked events')
  @IsInt(PORT)
  @Min(0, PORT)
  @Max(65535, PORT)
  projectorPort = 8892;
}
