// Ralf's HTTP API as a Nest module, over a core that is made elsewhere (start-ralf.ts).
import { type DynamicModule, Module } from '@nestjs/common';
import { CallIdController } from './http/call-id.controller.js';
import { RALF } from './http/tokens.js';
import type { Ralf } from './ralf.js';

@Module({})
export class RalfModule {
  static forRoot(ralf: Ralf): DynamicModule {
    return {
      module: RalfModule,
      controllers: [CallIdController],
      providers: [{ provide: RALF, useValue: ralf }],
    };
  }
}
