// Homestead's HTTP API as a Nest module, over a core that is made elsewhere (main.ts here, or apps/clearwater).
import { type DynamicModule, Module } from '@nestjs/common';
import type { LocalHomestead } from './homestead.js';
import { ImpiController } from './http/impi.controller.js';
import { ImpuController } from './http/impu.controller.js';
import { HOMESTEAD } from './http/tokens.js';

@Module({})
export class HomesteadModule {
  static forRoot(homestead: LocalHomestead): DynamicModule {
    return {
      module: HomesteadModule,
      controllers: [ImpiController, ImpuController],
      providers: [{ provide: HOMESTEAD, useValue: homestead }],
    };
  }
}
