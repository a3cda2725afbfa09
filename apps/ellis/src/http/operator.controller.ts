// /operator: subscribers, filter criteria, any call, figures, and who is an operator (docs/ellis.md). Thin: asks Ellis.
import { Controller, Delete, Get, HttpCode, Inject, Param, Post, Put, Req, Res } from '@nestjs/common';
import {
  ApiBody,
  ApiConsumes,
  ApiOperation,
  ApiParam,
  ApiQuery,
  ApiResponse,
  ApiTags,
} from '@nestjs/swagger';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { feedFigures } from '../operator/figures-feed.js';
import { answer, type Rim } from './answer.js';
import { documented, takesXml } from './documented.js';
import { CALL_PARAM, FIGURES, LADDER, PREVIEW, SUBSCRIBER, SUBSCRIBERS } from './live-schemas.js';
import { ACCOUNT_PARAM, NOTHING, NUMBER_PARAM } from './schemas.js';
import { stream } from './stream.js';
import { ELLIS } from './tokens.js';

const { Shows, ShowsText, Faults } = documented(ApiResponse);
const Gone = (): MethodDecorator => ApiResponse({ status: 204, description: 'done' });
const TakesXml = takesXml(ApiConsumes, ApiBody);

@ApiTags('operators')
@Controller('operator')
export class OperatorController {
  constructor(@Inject(ELLIS) private readonly rim: Rim) {}

  @Get('subscribers')
  @ApiOperation({ summary: 'Public identities that contain a text' })
  @ApiQuery({ name: 'search', required: false })
  @ApiQuery({ name: 'after', required: false })
  @ApiQuery({ name: 'limit', required: false })
  @Shows(200, SUBSCRIBERS)
  @Faults(502)
  search(@Req() request: FastifyRequest, @Res({ passthrough: true }) reply: FastifyReply) {
    return answer(this.rim, request, reply, (call) => this.rim.ellis.searchSubscribers(call));
  }

  @Get('subscribers/:number')
  @ApiOperation({ summary: 'A subscriber as it is now' })
  @ApiParam(NUMBER_PARAM)
  @Shows(200, SUBSCRIBER)
  @Faults(404, 502)
  subscriber(
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
    @Param('number') number: string,
  ) {
    return answer(this.rim, request, reply, (call) => this.rim.ellis.showSubscriber(call, number));
  }

  @Get('subscribers/:number/ifcs')
  @ApiOperation({ summary: 'Its filter criteria' })
  @ApiParam(NUMBER_PARAM)
  @ShowsText('the ServiceProfile', 'application/xml')
  @Faults(404, 502)
  criteria(
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
    @Param('number') number: string,
  ) {
    return answer(this.rim, request, reply, (call) => this.rim.ellis.showCriteria(call, number));
  }

  @Put('subscribers/:number/ifcs')
  @ApiOperation({ summary: 'Its filter criteria: they hold for the next request' })
  @ApiParam(NUMBER_PARAM)
  @TakesXml()
  @Shows(200, NOTHING)
  @Faults(404, 413, 502)
  putCriteria(
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
    @Param('number') number: string,
  ) {
    return answer(this.rim, request, reply, (call) => this.rim.ellis.changeCriteria(call, number));
  }

  @Post('subscribers/:number/ifcs/preview')
  @ApiOperation({ summary: 'Which of the last calls such criteria would have caught' })
  @ApiParam(NUMBER_PARAM)
  @HttpCode(200)
  @TakesXml()
  @Shows(200, PREVIEW)
  @Faults(413)
  preview(
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
    @Param('number') number: string,
  ) {
    return answer(this.rim, request, reply, (call) => this.rim.ellis.previewCriteria(call, number));
  }

  @Get('calls/:call')
  @ApiOperation({ summary: 'Any call as a ladder, both sides of it' })
  @ApiParam(CALL_PARAM)
  @Shows(200, LADDER)
  @Faults(404)
  ladder(
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
    @Param('call') id: string,
  ) {
    return answer(this.rim, request, reply, (call) => this.rim.ellis.showAnyLadder(call, id));
  }

  @Get('figures')
  @ApiOperation({ summary: 'What the core does now' })
  @Shows(200, FIGURES)
  @Faults()
  figures(@Req() request: FastifyRequest, @Res({ passthrough: true }) reply: FastifyReply) {
    return answer(this.rim, request, reply, (call) => this.rim.ellis.showFigures(call));
  }

  @Put('operators/:account')
  @ApiOperation({ summary: 'Gives an account the role of an operator' })
  @ApiParam(ACCOUNT_PARAM)
  @Gone()
  @Faults(404)
  make(
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
    @Param('account') account: string,
  ) {
    return answer(this.rim, request, reply, (call) => this.rim.ellis.setRole(call, account, 'operator'));
  }

  @Delete('operators/:account')
  @ApiOperation({ summary: 'Takes it back' })
  @ApiParam(ACCOUNT_PARAM)
  @Gone()
  @Faults(404, 409)
  take(
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
    @Param('account') account: string,
  ) {
    return answer(this.rim, request, reply, (call) => this.rim.ellis.setRole(call, account, 'user'));
  }

  @Get('live')
  @ApiOperation({ summary: 'Figures once a second: server-sent events' })
  @ShowsText('events `figures`', 'text/event-stream')
  @Faults()
  live(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    const { ellis, clock } = this.rim;
    return stream(
      this.rim,
      request,
      reply,
      (call) => ellis.admitOperator(call),
      (to) => feedFigures(ellis, to, clock),
    );
  }
}
