// /statistics and /dead-letters: what there is by tag, and callbacks that nobody took. Thin: asks Chronos.
import { Controller, Delete, Get, HttpCode, Inject, NotFoundException, Param, Post, Res } from '@nestjs/common'; // prettier-ignore
import { ApiOkResponse, ApiOperation, ApiParam, ApiResponse, ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { errorBody } from '#libs/runtime';
import type { Chronos } from '../chronos.js';
import { FAULT, LETTERS, STATISTICS } from './schemas.js';
import { CHRONOS } from './tokens.js';

const LETTERS_SHOWN_MAX = 1_000;
const LETTER = { name: 'letter', example: '0000000100000009.0.41.2' };
const UNKNOWN = { status: 404, description: 'No such dead letter', schema: FAULT };

@ApiTags('operators')
@Controller()
export class OperatorsController {
  constructor(@Inject(CHRONOS) private readonly chronos: Chronos) {}

  @Get('statistics')
  @ApiOperation({ summary: 'How many timers there are, and of which tags' })
  @ApiOkResponse({ schema: STATISTICS })
  statistics() {
    return this.chronos.statistics();
  }

  @Get('dead-letters')
  @ApiOperation({ summary: 'Callbacks that were not taken in all tries, newest first' })
  @ApiOkResponse({ schema: LETTERS })
  letters() {
    return this.chronos.deadLetters.list(LETTERS_SHOWN_MAX);
  }

  @Post('dead-letters/:letter/replay')
  @HttpCode(204)
  @ApiOperation({ summary: 'Makes the callback again, with the number that it had' })
  @ApiParam(LETTER)
  @ApiResponse({ status: 204, description: 'Taken; it is no dead letter any more' })
  @ApiResponse(UNKNOWN)
  @ApiResponse({ status: 502, description: 'Its receiver did not take it', schema: FAULT })
  @ApiResponse({ status: 503, description: 'Too many callbacks wait for that host', schema: FAULT })
  async replay(@Param('letter') id: string, @Res() reply: FastifyReply): Promise<void> {
    const replayed = await this.chronos.deadLetters.replay(id);
    if (replayed === 'unknown') throw new NotFoundException('no such dead letter');
    if (replayed === 'delivered') return void reply.status(204).send();
    const [status, reason] =
      replayed === 'busy' ? [503, 'too many callbacks wait for that host'] : [502, replayed.reason];
    void reply.status(status).send(errorBody(status, reason));
  }

  @Delete('dead-letters/:letter')
  @HttpCode(204)
  @ApiOperation({ summary: 'Throws a dead letter away' })
  @ApiParam(LETTER)
  @ApiResponse({ status: 204, description: 'It is gone' })
  @ApiResponse(UNKNOWN)
  async discard(@Param('letter') id: string): Promise<void> {
    if (!(await this.chronos.deadLetters.discard(id))) throw new NotFoundException('no such dead letter');
  }
}
