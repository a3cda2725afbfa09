// POST /call-id/<id>: a chargeable event of another node (backend.md §5.1). Thin: reads the request, asks Ralf, writes the answer.
import { Body, Controller, HttpCode, Inject, Param, Post, Query, Res } from '@nestjs/common';
import { ApiBody, ApiOperation, ApiParam, ApiQuery, ApiResponse, ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { errorBody } from '#libs/runtime';
import type { Ralf, RalfAnswer } from '../ralf.js';
import { ACCOUNTING, FAULT } from './schemas.js';
import { RALF } from './tokens.js';

const NAME = { name: 'id', example: 'a84b4c76e66710', description: 'names the session, with role and node' };
const TIMER = { name: 'timer-interim', required: false, description: 'true: an INTERIM that a timer caused' };
const DURABLE = { status: 200, description: 'It is durable, and will be sent to a CDF; no body' };
const BAD = { status: 400, description: 'What is wrong with the body', schema: FAULT };
const LATER = { status: 500, description: 'The log takes nothing now: come again (Retry-After)', schema: FAULT }; // prettier-ignore
const FULL = { status: 503, description: 'This node takes no new work (Retry-After)', schema: FAULT };

const write = (reply: FastifyReply, answer: RalfAnswer): void => {
  if (answer.status === 200) return void reply.status(200).send();
  const { status, reason } = answer;
  if ('retryAfterS' in answer) void reply.header('retry-after', answer.retryAfterS);
  void reply.status(status).send(errorBody(status, reason));
};

@ApiTags('charging')
@Controller('call-id')
export class CallIdController {
  constructor(@Inject(RALF) private readonly ralf: Ralf) {}

  @Post(':id')
  @HttpCode(200)
  @ApiOperation({ summary: 'Tells a chargeable event of a session' })
  @ApiParam(NAME)
  @ApiQuery(TIMER)
  @ApiBody({ schema: ACCOUNTING })
  @ApiResponse(DURABLE)
  @ApiResponse(BAD)
  @ApiResponse(LATER)
  @ApiResponse(FULL)
  async receive(
    @Param('id') callId: string,
    @Query('timer-interim') timer: unknown,
    @Body() body: unknown,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    write(reply, await this.ralf.receive({ callId, body, isTimer: timer === 'true' }));
  }
}
