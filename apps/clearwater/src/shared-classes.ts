// The configuration of all programs: what may be shared is a variable of one of them.
// Used by main.ts, which starts with what is shared, and by `npm run config`.
import { BonoConfig } from '#apps/bono';
import { ChronosConfig } from '#apps/chronos';
import { EllisConfig } from '#apps/ellis';
import { HomesteadConfig, HssConfig } from '#apps/homestead';
import { HomerConfig } from '#apps/homer';
import { HomesteadProvConfig } from '#apps/homestead-prov';
import { RalfConfig } from '#apps/ralf';
import { RogersConfig } from '#apps/rogers';
import { SproutConfig } from '#apps/sprout';
import { ArchiveConfig } from '#libs/archive';
import { EventLogConfig } from '#libs/event-log';
import { type ConfigClass, ProcessConfig } from '#libs/runtime';
import { StoresConfig } from '#libs/stores';
import { ClearwaterConfig } from './clearwater.config.js';

export const SHARED_CLASSES: readonly ConfigClass[] = [
  ProcessConfig,
  EventLogConfig,
  ArchiveConfig,
  StoresConfig,
  BonoConfig,
  SproutConfig,
  HomesteadConfig,
  HssConfig,
  HomesteadProvConfig,
  HomerConfig,
  ChronosConfig,
  RalfConfig,
  RogersConfig,
  EllisConfig,
  ClearwaterConfig,
];
