// Sprout's signalling HTTP port: what the back ends call. /ping comes with the server (libs/runtime http.ts).
// Timers of the back ends arrive here once they run apart: docs/roadmap.md.
import { type DynamicModule, Module } from '@nestjs/common';
import { REGISTRAR_DOOR, type RegistrarDoor } from './registrar-door.js';
import { ImpuController } from './impu.controller.js';
import { RegistrationsController } from './registrations.controller.js';

@Module({})
export class SproutModule {
  static forRoot(door: RegistrarDoor): DynamicModule {
    return {
      module: SproutModule,
      controllers: [RegistrationsController, ImpuController],
      providers: [{ provide: REGISTRAR_DOOR, useValue: door }],
    };
  }
}
