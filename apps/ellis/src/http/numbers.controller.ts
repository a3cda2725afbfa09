// /accounts/<e>/numbers and /gab: numbers, their passwords, documents and place in the address book (backend.md §9). Thin: asks Ellis.
import { Controller, Delete, Get, Inject, Param, Post, Put, Req, Res } from '@nestjs/common';
import { ApiBody, ApiConsumes, ApiOperation, ApiParam, ApiResponse, ApiTags } from '@nestjs/swagger';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { answer, type Rim } from './answer.js';
import { documented, takesXml } from './documented.js';
import {
  ACCOUNT_PARAM,
  ADDRESS_BOOK,
  LISTED,
  MADE_NUMBER,
  NEW_NUMBER,
  NOTHING,
  NUMBER_PARAM,
  NUMBERS,
  SIP_PASSWORD,
  SPECIFIED_NUMBER,
} from './schemas.js';
import { ELLIS } from './tokens.js';

const { Shows, ShowsText, Faults } = documented(ApiResponse);
const TakesXml = takesXml(ApiConsumes, ApiBody);

@ApiTags('numbers')
@Controller('accounts/:account/numbers')
export class NumbersController {
  constructor(@Inject(ELLIS) private readonly rim: Rim) {}

  @Get()
  @ApiOperation({ summary: 'The numbers of an account' })
  @ApiParam(ACCOUNT_PARAM)
  @Shows(200, NUMBERS)
  @Faults(404, 502)
  list(
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
    @Param('account') address: string,
  ) {
    return answer(this.rim, request, reply, (call) => this.rim.ellis.listNumbers(call, address));
  }

  @Post()
  @ApiOperation({ summary: 'A number of the pool, with its password this once' })
  @ApiParam(ACCOUNT_PARAM)
  @ApiBody({ schema: NEW_NUMBER, required: false })
  @Shows(200, MADE_NUMBER)
  @Faults(404, 502)
  create(
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
    @Param('account') address: string,
  ) {
    return answer(this.rim, request, reply, (call) => this.rim.ellis.createNumber(call, address));
  }

  @Post(':number')
  @ApiOperation({ summary: 'A number that is named, with NGV-API-Key' })
  @ApiParam(ACCOUNT_PARAM)
  @ApiParam(NUMBER_PARAM)
  @ApiBody({ schema: SPECIFIED_NUMBER, required: false })
  @Shows(200, MADE_NUMBER)
  @Faults(404, 409, 502)
  specify(
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
    @Param('account') address: string,
    @Param('number') number: string,
  ) {
    return answer(this.rim, request, reply, (call) =>
      this.rim.ellis.createSpecifiedNumber(call, { address, number }),
    );
  }

  @Delete(':number')
  @ApiOperation({ summary: 'Gives it back' })
  @ApiParam(ACCOUNT_PARAM)
  @ApiParam(NUMBER_PARAM)
  @Shows(200, NOTHING)
  @Faults(404, 409, 502)
  remove(
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
    @Param('account') address: string,
    @Param('number') number: string,
  ) {
    return answer(this.rim, request, reply, (call) => this.rim.ellis.deleteNumber(call, { address, number }));
  }

  @Post(':number/password')
  @ApiOperation({ summary: 'Another password of its phones' })
  @ApiParam(ACCOUNT_PARAM)
  @ApiParam(NUMBER_PARAM)
  @Shows(200, SIP_PASSWORD)
  @Faults(404, 502)
  password(
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
    @Param('account') address: string,
    @Param('number') number: string,
  ) {
    return answer(this.rim, request, reply, (call) =>
      this.rim.ellis.resetPassword(call, { address, number }),
    );
  }

  @Get(':number/simservs')
  @ApiOperation({ summary: 'Its telephony services' })
  @ApiParam(ACCOUNT_PARAM)
  @ApiParam(NUMBER_PARAM)
  @ShowsText('the document', 'application/vnd.etsi.simservs+xml')
  @Faults(404, 502)
  simservs(
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
    @Param('account') address: string,
    @Param('number') number: string,
  ) {
    return answer(this.rim, request, reply, (call) => this.rim.ellis.getSimservs(call, { address, number }));
  }

  @Put(':number/simservs')
  @ApiOperation({ summary: 'Its telephony services: they hold for the next call' })
  @ApiParam(ACCOUNT_PARAM)
  @ApiParam(NUMBER_PARAM)
  @TakesXml()
  @Shows(200, NOTHING)
  @Faults(404, 412, 413, 502)
  putSimservs(
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
    @Param('account') address: string,
    @Param('number') number: string,
  ) {
    return answer(this.rim, request, reply, (call) => this.rim.ellis.setSimservs(call, { address, number }));
  }

  @Get(':number/ifcs')
  @ApiOperation({ summary: 'Its filter criteria' })
  @ApiParam(ACCOUNT_PARAM)
  @ApiParam(NUMBER_PARAM)
  @ShowsText('the ServiceProfile', 'application/xml')
  @Faults(404, 502)
  ifcs(
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
    @Param('account') address: string,
    @Param('number') number: string,
  ) {
    return answer(this.rim, request, reply, (call) => this.rim.ellis.getIfcs(call, { address, number }));
  }

  @Put(':number/ifcs')
  @ApiOperation({ summary: 'Its filter criteria: they hold for the next request' })
  @ApiParam(ACCOUNT_PARAM)
  @ApiParam(NUMBER_PARAM)
  @TakesXml()
  @Shows(200, NOTHING)
  @Faults(404, 413, 502)
  putIfcs(
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
    @Param('account') address: string,
    @Param('number') number: string,
  ) {
    return answer(this.rim, request, reply, (call) => this.rim.ellis.setIfcs(call, { address, number }));
  }

  @Get(':number/listed')
  @ApiOperation({ summary: 'Whether it stands in the address book' })
  @ApiParam(ACCOUNT_PARAM)
  @ApiParam(NUMBER_PARAM)
  @Shows(200, LISTED)
  @Faults(404)
  listed(
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
    @Param('account') address: string,
    @Param('number') number: string,
  ) {
    return answer(this.rim, request, reply, (call) => this.rim.ellis.isListed(call, { address, number }));
  }

  @Put(':number/listed/:listed')
  @ApiOperation({ summary: 'Puts it into the address book (1), or takes it out (0)' })
  @ApiParam(ACCOUNT_PARAM)
  @ApiParam(NUMBER_PARAM)
  @ApiParam({ name: 'listed', enum: ['0', '1'] })
  @Shows(200, NOTHING)
  @Faults(404)
  putListed(
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
    @Param('account') address: string,
    @Param('number') number: string,
    @Param('listed') listed: string,
  ) {
    return answer(this.rim, request, reply, (call) =>
      this.rim.ellis.setListed(call, { address, number, listed }),
    );
  }
}

@ApiTags('numbers')
@Controller()
export class AddressBookController {
  constructor(@Inject(ELLIS) private readonly rim: Rim) {}

  @Get(['gab', '1/gab'])
  @ApiOperation({ summary: 'Numbers that their owners listed' })
  @Shows(200, ADDRESS_BOOK)
  @Faults()
  show(@Req() request: FastifyRequest, @Res({ passthrough: true }) reply: FastifyReply) {
    return answer(this.rim, request, reply, (call) => this.rim.ellis.addressBook(call));
  }
}
