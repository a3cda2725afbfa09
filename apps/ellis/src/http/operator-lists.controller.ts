// /operator/parked and /operator/dead-letters: what the core could not do, and another try (docs/ellis.md). Thin: asks Ellis.
import { Controller, Delete, Get, HttpCode, Inject, Param, Post, Req, Res } from '@nestjs/common';
import { ApiOperation, ApiParam, ApiResponse, ApiTags } from '@nestjs/swagger';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { answer, type Rim } from './answer.js';
import { documented } from './documented.js';
import { DEAD_LETTERS, LEFT, LETTER_PARAM, PARKED, PARKED_PARAM } from './live-schemas.js';
import { ELLIS } from './tokens.js';

const { Shows, Faults } = documented(ApiResponse);
const Gone = (): MethodDecorator => ApiResponse({ status: 204, description: 'done' });

@ApiTags('operators')
@Controller('operator')
export class OperatorListsController {
  constructor(@Inject(ELLIS) private readonly rim: Rim) {}

  @Get('parked')
  @ApiOperation({ summary: 'Streams that a view could not fold further, oldest first' })
  @Shows(200, PARKED)
  @Faults(502)
  parked(@Req() request: FastifyRequest, @Res({ passthrough: true }) reply: FastifyReply) {
    return answer(this.rim, request, reply, (call) => this.rim.ellis.showParked(call));
  }

  @Post('parked/:parked/retry')
  @ApiOperation({ summary: 'Folds a parked stream again' })
  @ApiParam(PARKED_PARAM)
  @HttpCode(200)
  @Shows(200, LEFT)
  @Faults(404, 502)
  retry(
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
    @Param('parked') id: string,
  ) {
    return answer(this.rim, request, reply, (call) => this.rim.ellis.retryParked(call, id));
  }

  @Get('dead-letters')
  @ApiOperation({ summary: "Timers' callbacks that nobody took, newest first" })
  @Shows(200, DEAD_LETTERS)
  @Faults(502)
  letters(@Req() request: FastifyRequest, @Res({ passthrough: true }) reply: FastifyReply) {
    return answer(this.rim, request, reply, (call) => this.rim.ellis.showDeadLetters(call));
  }

  @Post('dead-letters/:letter/replay')
  @ApiOperation({ summary: 'Makes the callback again, with the number that it had' })
  @ApiParam(LETTER_PARAM)
  @Gone()
  @Faults(404, 502)
  replay(
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
    @Param('letter') id: string,
  ) {
    return answer(this.rim, request, reply, (call) => this.rim.ellis.replayDeadLetter(call, id));
  }

  @Delete('dead-letters/:letter')
  @ApiOperation({ summary: 'Throws a dead letter away' })
  @ApiParam(LETTER_PARAM)
  @Gone()
  @Faults(404, 502)
  discard(
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
    @Param('letter') id: string,
  ) {
    return answer(this.rim, request, reply, (call) => this.rim.ellis.discardDeadLetter(call, id));
  }
}
