// The provisioning API as a Nest module, over a core that is made elsewhere (main.ts here, or apps/clearwater).
import { type DynamicModule, Module } from '@nestjs/common';
import { PrivateController } from './http/private.controller.js';
import { PublicController } from './http/public.controller.js';
import { ServiceProfilesController } from './http/service-profiles.controller.js';
import { SetsController } from './http/sets.controller.js';
import { PROVISIONING } from './http/tokens.js';
import type { Provisioning } from './provisioning.js';

@Module({})
export class HomesteadProvModule {
  static forRoot(provisioning: Provisioning): DynamicModule {
    return {
      module: HomesteadProvModule,
      controllers: [PrivateController, SetsController, ServiceProfilesController, PublicController],
      providers: [{ provide: PROVISIONING, useValue: provisioning }],
    };
  }
}
