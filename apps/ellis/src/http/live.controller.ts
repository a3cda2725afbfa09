// /accounts/<e>/numbers/<n>/devices, /calls and /live: what a number's owner sees of it now (docs/ellis.md). Thin: asks Ellis.
import { Controller, Get, Inject, Param, Req, Res } from '@nestjs/common';
import { ApiOperation, ApiParam, ApiQuery, ApiResponse, ApiTags } from '@nestjs/swagger';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { feedNumber } from '../live/number-feed.js';
import { answer, type Rim } from './answer.js';
import { documented } from './documented.js';
import { CALL_PARAM, CALLS, DEVICES, LADDER } from './live-schemas.js';
import { ACCOUNT_PARAM, NUMBER_PARAM } from './schemas.js';
import { stream } from './stream.js';
import { ELLIS } from './tokens.js';

const { Shows, ShowsText, Faults } = documented(ApiResponse);

@ApiTags('devices and calls')
@Controller('accounts/:account/numbers/:number')
export class LiveController {
  constructor(@Inject(ELLIS) private readonly rim: Rim) {}

  @Get('devices')
  @ApiOperation({ summary: 'Devices that are registered now' })
  @ApiParam(ACCOUNT_PARAM)
  @ApiParam(NUMBER_PARAM)
  @Shows(200, DEVICES)
  @Faults(404)
  devices(
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
    @Param('account') address: string,
    @Param('number') number: string,
  ) {
    return answer(this.rim, request, reply, (call) => this.rim.ellis.showDevices(call, { address, number }));
  }

  @Get('calls')
  @ApiOperation({ summary: 'Its newest calls' })
  @ApiParam(ACCOUNT_PARAM)
  @ApiParam(NUMBER_PARAM)
  @ApiQuery({ name: 'limit', required: false })
  @Shows(200, CALLS)
  @Faults(404)
  calls(
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
    @Param('account') address: string,
    @Param('number') number: string,
  ) {
    return answer(this.rim, request, reply, (call) => this.rim.ellis.showCalls(call, { address, number }));
  }

  @Get('calls/:call')
  @ApiOperation({ summary: 'One call as a ladder' })
  @ApiParam(ACCOUNT_PARAM)
  @ApiParam(NUMBER_PARAM)
  @ApiParam(CALL_PARAM)
  @Shows(200, LADDER)
  @Faults(404)
  ladder(
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
    @Param('account') address: string,
    @Param('number') number: string,
    @Param('call') id: string,
  ) {
    return answer(this.rim, request, reply, (call) => this.rim.ellis.showLadder(call, { address, number, id }));
  } // prettier-ignore

  @Get('live')
  @ApiOperation({ summary: 'Devices and calls as they change: server-sent events' })
  @ApiParam(ACCOUNT_PARAM)
  @ApiParam(NUMBER_PARAM)
  @ShowsText('events `devices` and `call`', 'text/event-stream')
  @Faults(404)
  live(
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
    @Param('account') address: string,
    @Param('number') number: string,
  ): Promise<void> {
    const { ellis, clock } = this.rim;
    const onFault = (error: unknown): void => ellis.onFault(error);
    return stream(
      this.rim,
      request,
      reply,
      (call) => ellis.admitWatcher(call, { address, number }),
      (to, admitted) => feedNumber(ellis.live, to, admitted.line, { clock, onFault }),
    );
  }
}
