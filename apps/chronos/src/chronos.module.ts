// Chronos' HTTP API as a Nest module, over a core that is made elsewhere (start-chronos.ts).
import { type DynamicModule, Module } from '@nestjs/common';
import type { Chronos } from './chronos.js';
import { OperatorsController } from './http/operators.controller.js';
import { TimersController } from './http/timers.controller.js';
import { CHRONOS } from './http/tokens.js';

@Module({})
export class ChronosModule {
  static forRoot(chronos: Chronos): DynamicModule {
    return {
      module: ChronosModule,
      controllers: [TimersController, OperatorsController],
      providers: [{ provide: CHRONOS, useValue: chronos }],
    };
  }
}
