// DELETE /impu/<impu>: an operator ends a user's registration (docs/clearwater/sip.md §2.5). Thin: asks the registrar, answers when the log has it.
import { Controller, Delete, HttpCode, Inject, Param, Query, Res } from '@nestjs/common';
import { ApiOperation, ApiParam, ApiQuery, ApiResponse, ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import type { ErrorBody } from '#libs/runtime';
import { REGISTRAR_DOOR, type RegistrarDoor } from './registrar-door.js';
import { FAULT, refused } from './registrations.controller.js';

const EVENTS: readonly unknown[] = [undefined, 'deactivated', 'rejected'];

@ApiTags('impu')
@Controller('impu')
export class ImpuController {
  constructor(@Inject(REGISTRAR_DOOR) private readonly door: RegistrarDoor) {}

  @Delete(':impu')
  @HttpCode(200)
  @ApiOperation({ summary: 'Ends the registration that a public identity belongs to' })
  @ApiParam({ name: 'impu', example: 'sip:alice@ims.test' })
  @ApiQuery({
    name: 'event',
    required: false,
    enum: ['deactivated', 'rejected'],
    description: 'what watchers are told: the user may come back (default), or is not to',
  })
  @ApiResponse({ status: 200, description: 'it is ended' })
  @ApiResponse({ status: 400, description: 'no such event', schema: FAULT })
  @ApiResponse({ status: 401, description: 'no API key, or an unknown one', schema: FAULT })
  @ApiResponse({ status: 404, description: 'no such identity', schema: FAULT })
  @ApiResponse({
    status: 503,
    description: 'the router is starting, or Homestead does not answer',
    schema: FAULT,
  })
  async end(
    @Res({ passthrough: true }) reply: FastifyReply,
    @Param('impu') impu: string,
    @Query('event') event: unknown,
  ): Promise<ErrorBody | undefined> {
    if (!EVENTS.includes(event)) return refused(reply, 400, 'event is deactivated or rejected');
    const { administration } = this.door;
    if (!administration) return refused(reply, 503, 'the router is starting');
    switch (await administration.end(impu, event === 'rejected')) {
      case 'ended':
        return undefined;
      case 'unknown':
        return refused(reply, 404, 'no such identity');
      case 'unavailable':
        return refused(reply, 503, 'Homestead does not answer');
    }
  }
}
