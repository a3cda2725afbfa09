// XCAP over HTTP (RFC 4825 §7, §8). Thin: the request as it came goes to Homer, its answer goes back.
import { Controller, Delete, Get, Inject, Patch, Post, Put, Req, Res } from '@nestjs/common';
import { ApiExcludeEndpoint, ApiOperation, ApiParam, ApiTags } from '@nestjs/swagger';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { type ClientAddress, errorBody } from '#libs/runtime';
import { readOnly, type XcapAnswer, type XcapRequest } from '../answer.js';
import type { Homer } from '../homer.js';
import { Conditions, Conflicting, DOCUMENT, Done, Faults, NODE, NotModified, ShownDocument, ShownNode, TakesDocument, TakesNode, USAGE, USER } from './xcap.dto.js'; // prettier-ignore
import { CLIENT_ADDRESS, HOMER } from './tokens.js';

const NO_BODY = new Uint8Array();

const requestOf = (
  request: FastifyRequest,
  method: XcapRequest['method'],
  addressOf: ClientAddress,
): XcapRequest => {
  const header = (name: string): string | undefined => {
    const value = request.headers[name];
    return Array.isArray(value) ? value.join(', ') : value;
  };
  const remoteAddress = request.socket.remoteAddress ?? '';
  return {
    method,
    target: request.url,
    header,
    body: request.body instanceof Uint8Array ? request.body : NO_BODY,
    remoteAddress,
    clientAddress: addressOf(remoteAddress, header('x-forwarded-for')),
  };
};

const send = (reply: FastifyReply, { status, headers, reason, text }: XcapAnswer) => {
  void reply.status(status).headers(headers);
  if (reason !== undefined) return errorBody(status, reason);
  // As it was written: a type without a charset parameter means UTF-8 here.
  return text === undefined ? undefined : Buffer.from(text);
};

@ApiTags('XCAP')
@Controller()
export class XcapController {
  constructor(
    @Inject(HOMER) private readonly homer: Homer,
    @Inject(CLIENT_ADDRESS) private readonly addressOf: ClientAddress,
  ) {}

  @Get(':auid/users/:xui/:document')
  @ApiOperation({ summary: 'A document of a user' })
  @ApiParam(USAGE)
  @ApiParam(USER)
  @ApiParam(DOCUMENT)
  @Conditions()
  @ShownDocument()
  @NotModified()
  @Faults(412)
  get(@Req() request: FastifyRequest, @Res({ passthrough: true }) reply: FastifyReply) {
    return this.answer(request, reply, 'GET');
  }

  @Put(':auid/users/:xui/:document')
  @ApiOperation({ summary: 'Makes or replaces it: it holds for the next call' })
  @ApiParam(USAGE)
  @ApiParam(USER)
  @ApiParam(DOCUMENT)
  @TakesDocument()
  @Conditions()
  @Done(200)
  @Done(201)
  @Conflicting()
  @Faults(405, 412, 413, 415)
  put(@Req() request: FastifyRequest, @Res({ passthrough: true }) reply: FastifyReply) {
    return this.answer(request, reply, 'PUT');
  }

  @Delete(':auid/users/:xui/:document')
  @ApiOperation({ summary: 'Removes it' })
  @ApiParam(USAGE)
  @ApiParam(USER)
  @ApiParam(DOCUMENT)
  @Conditions()
  @Done(200)
  @Done(204)
  @Faults(405, 412)
  remove(@Req() request: FastifyRequest, @Res({ passthrough: true }) reply: FastifyReply) {
    return this.answer(request, reply, 'DELETE');
  }

  @Get(':auid/users/:xui/:document/~~/:node')
  @ApiOperation({ summary: 'An element, an attribute or the namespace bindings of a document; the selector may have many steps' })
  @ApiParam(USAGE)
  @ApiParam(USER)
  @ApiParam(DOCUMENT)
  @ApiParam(NODE)
  @Conditions()
  @ShownNode()
  @NotModified()
  @Faults(412)
  getNode(@Req() request: FastifyRequest, @Res({ passthrough: true }) reply: FastifyReply) {
    return this.answer(request, reply, 'GET');
  } // prettier-ignore

  @Put(':auid/users/:xui/:document/~~/:node')
  @ApiOperation({ summary: 'Makes or replaces an element or an attribute' })
  @ApiParam(USAGE)
  @ApiParam(USER)
  @ApiParam(DOCUMENT)
  @ApiParam(NODE)
  @TakesNode()
  @Conditions()
  @Done(200)
  @Done(201)
  @Conflicting()
  @Faults(405, 412, 413, 415)
  putNode(@Req() request: FastifyRequest, @Res({ passthrough: true }) reply: FastifyReply) {
    return this.answer(request, reply, 'PUT');
  }

  @Delete(':auid/users/:xui/:document/~~/:node')
  @ApiOperation({ summary: 'Removes an element or an attribute' })
  @ApiParam(USAGE)
  @ApiParam(USER)
  @ApiParam(DOCUMENT)
  @ApiParam(NODE)
  @Conditions()
  @Done(200)
  @Conflicting()
  @Faults(405, 412)
  removeNode(@Req() request: FastifyRequest, @Res({ passthrough: true }) reply: FastifyReply) {
    return this.answer(request, reply, 'DELETE');
  }

  @Get(':auid/global/:document')
  @ApiOperation({ summary: 'A document of all users: xcap-caps/global/index' })
  @ApiParam(USAGE)
  @ApiParam(DOCUMENT)
  @Conditions()
  @ShownDocument()
  @NotModified()
  @Faults(412)
  getGlobal(@Req() request: FastifyRequest, @Res({ passthrough: true }) reply: FastifyReply) {
    return this.answer(request, reply, 'GET');
  }

  // Deeper paths: selectors of several steps, and what is no resource.
  @Get('*')
  @ApiExcludeEndpoint()
  getOther(@Req() request: FastifyRequest, @Res({ passthrough: true }) reply: FastifyReply) {
    return this.answer(request, reply, 'GET');
  } // prettier-ignore

  @Put('*')
  @ApiExcludeEndpoint()
  putOther(@Req() request: FastifyRequest, @Res({ passthrough: true }) reply: FastifyReply) {
    return this.answer(request, reply, 'PUT');
  }

  @Delete('*')
  @ApiExcludeEndpoint()
  removeOther(@Req() request: FastifyRequest, @Res({ passthrough: true }) reply: FastifyReply) {
    return this.answer(request, reply, 'DELETE');
  }

  /** RFC 4825 §8.1. */
  @Post('*')
  @ApiExcludeEndpoint()
  post(@Res({ passthrough: true }) reply: FastifyReply) {
    return notAllowed(reply);
  }

  @Patch('*')
  @ApiExcludeEndpoint()
  patch(@Res({ passthrough: true }) reply: FastifyReply) {
    return notAllowed(reply);
  }

  private async answer(request: FastifyRequest, reply: FastifyReply, method: XcapRequest['method']) {
    return send(reply, await this.homer.handle(requestOf(request, method, this.addressOf)));
  }
}

const notAllowed = (reply: FastifyReply) =>
  send(reply, { ...readOnly('takes GET, PUT and DELETE'), headers: { allow: 'DELETE, GET, PUT' } });
