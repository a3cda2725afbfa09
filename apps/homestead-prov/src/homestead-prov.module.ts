// The provisioning API as a Nest module, over a core that is made elsewhere (main.ts here, or apps/clearwater).
import { type DynamicModule, Module } from '@nestjs/common';
import { DocumentsController } from './http/documents.controller.js';
import { PrivateController } from './http/private.controller.js';
import { PublicController } from './http/public.controller.js';
import { ServiceProfilesController } from './http/service-profiles.controller.js';
import { SetsController } from './http/sets.controller.js';
import { DOCUMENTS, PROVISIONING } from './http/tokens.js';
import type { UserDocuments } from './handlers/user-documents.js';
import type { Provisioning } from './provisioning.js';

@Module({})
export class HomesteadProvModule {
  /** `documents`: those of telephony services. */
  static forRoot(provisioning: Provisioning, documents?: UserDocuments): DynamicModule {
    return {
      module: HomesteadProvModule,
      controllers: [
        PrivateController,
        SetsController,
        ServiceProfilesController,
        PublicController,
        ...(documents === undefined ? [] : [DocumentsController]),
      ],
      providers: [
        { provide: PROVISIONING, useValue: provisioning },
        ...(documents === undefined ? [] : [{ provide: DOCUMENTS, useValue: documents }]),
      ],
    };
  }
}
