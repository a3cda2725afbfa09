// /statistics and /dead-letters: what there is by tag, and callbacks that nobody took. Thin: asks Chronos.
import { Controller, Delete, Get, HttpCode, Inject, NotFoundException, Param, Post, Res } from '@nestjs/common'; // prettier-ignore
import { ApiOkResponse, ApiOperation, ApiParam, ApiResponse, ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import type { Chronos } from '../chronos.js';
import { refuse } from './answer.js';
import { FAULT, LATER, LETTERS, STATISTICS } from './schemas.js';
import { CHRONOS } from './tokens.js';

const LETTERS_SHOWN_MAX = 1_000;
const LETTER = { name: 'letter', example: '0000000100000009.0.41.2' };
const BUSY = { status: 503, description: 'Too many callbacks wait for that host, or requests for the log', schema: FAULT }; // prettier-ignore
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
  @ApiResponse(LATER)
  @ApiResponse({ status: 502, description: 'Its receiver did not take it', schema: FAULT })
  @ApiResponse(BUSY)
  async replay(@Param('letter') id: string, @Res() reply: FastifyReply): Promise<void> {
    const replayed = await this.chronos.deadLetters.replay(id);
    if (replayed === 'unknown') throw new NotFoundException('no such dead letter');
    if (replayed === 'delivered') return void reply.status(204).send();
    if (replayed === 'busy')
      return refuse(reply, { status: 503, reason: 'too many callbacks wait for that host' });
    refuse(reply, 'status' in replayed ? replayed : { status: 502, ...replayed });
  }

  @Delete('dead-letters/:letter')
  @HttpCode(204)
  @ApiOperation({ summary: 'Throws a dead letter away' })
  @ApiParam(LETTER)
  @ApiResponse({ status: 204, description: 'It is gone' })
  @ApiResponse(UNKNOWN)
  @ApiResponse(LATER)
  @ApiResponse(BUSY)
  async discard(@Param('letter') id: string, @Res() reply: FastifyReply): Promise<void> {
    const discarded = await this.chronos.deadLetters.discard(id);
    if (discarded === false) throw new NotFoundException('no such dead letter');
    if (discarded === true) return void reply.status(204).send();
    refuse(reply, discarded);
  }
}
