// The projector's HTTP API as a Nest module, over a core that is made elsewhere (main.ts).
import { type DynamicModule, Module } from '@nestjs/common';
import { ParkedController } from './http/parked.controller.js';
import { ViewsController } from './http/views.controller.js';
import { VIEW_KEEPER } from './http/tokens.js';
import type { ViewKeeper } from './projector.js';

@Module({})
export class ProjectorModule {
  static forRoot(keeper: ViewKeeper): DynamicModule {
    return {
      module: ProjectorModule,
      controllers: [ViewsController, ParkedController],
      providers: [{ provide: VIEW_KEEPER, useValue: keeper }],
    };
  }
}
