// Homer's HTTP API as a Nest module, over a core that is made elsewhere (main.ts here, or apps/clearwater).
import { type DynamicModule, Module } from '@nestjs/common';
import type { ClientAddress } from '#libs/runtime';
import type { Homer } from './homer.js';
import { CLIENT_ADDRESS, HOMER } from './http/tokens.js';
import { XcapController } from './http/xcap.controller.js';

@Module({})
export class HomerModule {
  static forRoot(homer: Homer, addressOf: ClientAddress): DynamicModule {
    return {
      module: HomerModule,
      controllers: [XcapController],
      providers: [
        { provide: HOMER, useValue: homer },
        { provide: CLIENT_ADDRESS, useValue: addressOf },
      ],
    };
  }
}
