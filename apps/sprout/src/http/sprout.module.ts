// Sprout's signalling HTTP port: what the back ends call. /ping comes with the server (libs/runtime http.ts).
import { type DynamicModule, Module } from '@nestjs/common';
import { REGISTRAR_DOOR, type RegistrarDoor } from './registrar-door.js';
import { ImpuController } from './impu.controller.js';
import { RegistrationsController } from './registrations.controller.js';
import { TimersController } from './timers.controller.js';

@Module({})
export class SproutModule {
  static forRoot(door: RegistrarDoor): DynamicModule {
    return {
      module: SproutModule,
      controllers: [RegistrationsController, ImpuController, TimersController],
      providers: [{ provide: REGISTRAR_DOOR, useValue: door }],
    };
  }
}
