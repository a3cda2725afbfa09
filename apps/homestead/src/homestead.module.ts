// Homestead's HTTP API as a Nest module, over a core that is made elsewhere (main.ts here, or apps/clearwater).
import { type DynamicModule, Module } from '@nestjs/common';
import type { HomesteadCore } from './homestead-core.js';
import { ImpiController } from './http/impi.controller.js';
import { ImpuController } from './http/impu.controller.js';
import { HOMESTEAD } from './http/tokens.js';

@Module({})
export class HomesteadModule {
  static forRoot(homestead: HomesteadCore): DynamicModule {
    return {
      module: HomesteadModule,
      controllers: [ImpiController, ImpuController],
      providers: [{ provide: HOMESTEAD, useValue: homestead }],
    };
  }
}
