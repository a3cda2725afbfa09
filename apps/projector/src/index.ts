export * from './kept-view.js';
export * from './projector.js';
export * from './projector.config.js';
export { ProjectorModule } from './projector.module.js';
