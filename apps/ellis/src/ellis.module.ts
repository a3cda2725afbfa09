// Ellis' HTTP API as a Nest module, over a core that is made elsewhere (start-ellis.ts).
import { type DynamicModule, Module } from '@nestjs/common';
import { AccountsController, PortalController, SessionController } from './http/accounts.controller.js';
import type { Rim } from './http/answer.js';
import { LiveController } from './http/live.controller.js';
import { OperatorController } from './http/operator.controller.js';
import { OperatorListsController } from './http/operator-lists.controller.js';
import { AddressBookController, NumbersController } from './http/numbers.controller.js';
import { PagesController } from './http/pages.controller.js';
import { ELLIS, PAGES } from './http/tokens.js';
import type { Pages } from './pages/portal-pages.js';

@Module({})
export class EllisModule {
  static forRoot(rim: Rim, pages: Pages): DynamicModule {
    return {
      module: EllisModule,
      controllers: [
        AccountsController,
        SessionController,
        PortalController,
        NumbersController,
        AddressBookController,
        LiveController,
        OperatorController,
        OperatorListsController,
        PagesController,
      ],
      providers: [
        { provide: ELLIS, useValue: rim },
        { provide: PAGES, useValue: pages },
      ],
    };
  }
}
