export { createControlPort, type ControlPort, type ControlPortOptions } from './adapters/control-port.js';
export {
  attachApplication,
  type AttachedApplication,
  type AttachOptions,
  type Invite,
  type InviteAnswers,
  type Passing,
} from './adapters/attached-application.js';
export { createDrachtioServer, type DrachtioServer } from './drachtio-server.js';
export {
  DRACHTIO_COUNTS,
  type DrachtioCount,
  type DrachtioPorts,
  type DrachtioSettings,
} from './drachtio.ports.js';
export { APPLICATION_GONE } from './incoming.js';
export { frame, Framer, FRAME_BYTES_MAX, type FrameFault, type FrameSink } from './framing.js';
export { parseCommand, type Command } from './command.js';
export { parseAppMessage } from './app-message.js';
export { DrachtioClientConfig } from './drachtio-client.config.js';
