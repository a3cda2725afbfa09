// /timers: set, set anew, cancel (backend.md §6.1), and what operators look at. Thin: reads the request, asks Chronos, writes the answer.
import { Controller, Delete, Get, Inject, NotFoundException, Param, Post, Put, Query, Req, Res } from '@nestjs/common'; // prettier-ignore
import { ApiBody, ApiOkResponse, ApiOperation, ApiParam, ApiQuery, ApiResponse, ApiTags } from '@nestjs/swagger'; // prettier-ignore
import type { FastifyReply, FastifyRequest } from 'fastify';
import { type Chronos, SHOWN_MAX, type TimerAnswer } from '../chronos.js';
import { readTimerName, timerName, type TimerName } from '../timer-request.js';
import { FAULT, FULL, LATER, TIMER, TIMER_REQUEST, TIMERS } from './schemas.js';
import { refuse } from './answer.js';
import { CHRONOS } from './tokens.js';

const NAME = {
  name: 'timer',
  example: '0000000100000009-2',
  description: '16 hex digits and the replication factor',
};
const SET = {
  status: 200,
  description: 'It is durable; no body',
  headers: { Location: { description: '`/timers/<id>-<replication factor>`', schema: { type: 'string' } } },
};
const BAD = { status: 400, description: 'What is wrong with the body', schema: FAULT };
const NONE = { status: 404, description: 'No such name, or no such timer', schema: FAULT };
const LIMIT = 100;

const write = (reply: FastifyReply, answer: TimerAnswer): void => {
  if (answer.status === 200) {
    void reply
      .status(200)
      .header('location', `/timers/${timerName(answer.name)}`)
      .send();
    return;
  }
  refuse(reply, answer);
};

const nameOf = (text: string): TimerName => {
  const name = readTimerName(text);
  if (name === undefined) throw new NotFoundException('a timer is named by 16 hex digits, -, and a number');
  return name;
};

@ApiTags('timers')
@Controller('timers')
export class TimersController {
  constructor(@Inject(CHRONOS) private readonly chronos: Chronos) {}

  @Post()
  @ApiOperation({ summary: 'Sets a timer under a new name' })
  @ApiBody({ schema: TIMER_REQUEST })
  @ApiResponse(SET)
  @ApiResponse(BAD)
  @ApiResponse(LATER)
  @ApiResponse(FULL)
  /** The request, not its body: pipes, which look at bodies, cost a tenth of the whole and have nothing to do here. */
  async create(@Req() { body }: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    write(reply, await this.chronos.set(body));
  }

  @Put(':timer')
  @ApiOperation({ summary: 'Sets a timer anew, or under a name that the client has chosen' })
  @ApiParam(NAME)
  @ApiBody({ schema: TIMER_REQUEST })
  @ApiResponse(SET)
  @ApiResponse(BAD)
  @ApiResponse(NONE)
  @ApiResponse(LATER)
  @ApiResponse(FULL)
  async replace(@Param('timer') text: string, @Req() { body }: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    write(reply, await this.chronos.set(body, nameOf(text)));
  } // prettier-ignore

  @Delete(':timer')
  @ApiOperation({ summary: 'Cancels a timer; the same again is no fault' })
  @ApiParam(NAME)
  @ApiResponse(SET)
  @ApiResponse(NONE)
  @ApiResponse(LATER)
  @ApiResponse(FULL)
  async cancel(@Param('timer') text: string, @Res() reply: FastifyReply): Promise<void> {
    write(reply, await this.chronos.cancel(nameOf(text)));
  }

  @Get(':timer')
  @ApiOperation({ summary: 'One timer as it is now, for operators' })
  @ApiParam(NAME)
  @ApiOkResponse({ schema: TIMER })
  @ApiResponse(NONE)
  show(@Param('timer') text: string) {
    const timer = this.chronos.show(nameOf(text).id);
    if (timer === undefined) throw new NotFoundException('no such timer');
    return timer;
  }

  @Get()
  @ApiOperation({ summary: 'Some timers, for operators' })
  @ApiQuery({ name: 'limit', required: false, description: `at most ${SHOWN_MAX}; ${LIMIT} without` })
  @ApiQuery({ name: 'tag', required: false, description: 'only those that count as this' })
  @ApiOkResponse({ schema: TIMERS })
  list(@Query('limit') limit?: string, @Query('tag') tag?: string) {
    const most = limit !== undefined && /^\d{1,4}$/.test(limit) ? Number(limit) : LIMIT;
    return this.chronos.list({ limit: most, ...(tag === undefined ? {} : { tag }) });
  }
}
