// The call list's HTTP API as a Nest module.
import { type DynamicModule, Module } from '@nestjs/common';
import { CALL_LIST_READING, CallListController, type Reading } from './http/call-list.controller.js';

@Module({})
export class CallListModule {
  static forRoot(reading: Reading): DynamicModule {
    return {
      module: CallListModule,
      controllers: [CallListController],
      providers: [{ provide: CALL_LIST_READING, useValue: reading }],
    };
  }
}
