// /accounts and /session: who there is, and who is signed in (backend.md §9). Thin: asks Ellis.
import { Controller, Delete, Get, Inject, Param, Post, Req, Res } from '@nestjs/common';
import { ApiBody, ApiHeader, ApiOperation, ApiParam, ApiResponse, ApiTags } from '@nestjs/swagger';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { answer, type Rim } from './answer.js';
import { documented } from './documented.js';
import {
  ACCOUNT,
  ACCOUNT_PARAM,
  MADE_ACCOUNT,
  NEW_ACCOUNT,
  NOTHING,
  PASSWORD_REQUEST,
  PORTAL,
  SESSION,
  SIGN_IN,
  SIGNED_IN,
} from './schemas.js';
import { ELLIS } from './tokens.js';

const { Shows, Faults } = documented(ApiResponse);
const Gone = (): MethodDecorator => ApiResponse({ status: 204, description: 'gone' });
const Redirects = (): MethodDecorator =>
  ApiResponse({ status: 303, description: 'to onsuccess or onfailure of a form' });

@ApiTags('accounts')
@Controller('accounts')
export class AccountsController {
  constructor(@Inject(ELLIS) private readonly rim: Rim) {}

  @Post()
  @ApiOperation({ summary: 'Makes an account, for who knows the code' })
  @ApiHeader({ name: 'NGV-Signup-Code', required: false })
  @ApiBody({ schema: NEW_ACCOUNT })
  @Shows(201, MADE_ACCOUNT, 'made')
  @Redirects()
  @Faults(409)
  create(@Req() request: FastifyRequest, @Res({ passthrough: true }) reply: FastifyReply) {
    return answer(this.rim, request, reply, (call) => this.rim.ellis.createAccount(call));
  }

  @Get(':account')
  @ApiOperation({ summary: 'An account' })
  @ApiParam(ACCOUNT_PARAM)
  @Shows(200, ACCOUNT)
  @Faults(404)
  show(
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
    @Param('account') account: string,
  ) {
    return answer(this.rim, request, reply, (call) => this.rim.ellis.showAccount(call, account));
  }

  @Delete(':account')
  @ApiOperation({ summary: 'Removes it with its numbers' })
  @ApiParam(ACCOUNT_PARAM)
  @Gone()
  @Faults(404, 409, 502)
  remove(
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
    @Param('account') account: string,
  ) {
    return answer(this.rim, request, reply, (call) => this.rim.ellis.deleteAccount(call, account));
  }

  @Post(':account/password')
  @ApiOperation({
    summary: 'Asks for a recovery mail, or sets another password by its token or by the one in force',
  })
  @ApiParam(ACCOUNT_PARAM)
  @ApiHeader({ name: 'NGV-Recovery-Token', required: false })
  @ApiBody({ schema: PASSWORD_REQUEST, required: false })
  @Shows(200, NOTHING)
  @Redirects()
  @Faults(404, 422)
  password(
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
    @Param('account') account: string,
  ) {
    reply.status(200);
    return answer(this.rim, request, reply, (call) => this.rim.ellis.password(call, account));
  }
}

@ApiTags('accounts')
@Controller('session')
export class SessionController {
  constructor(@Inject(ELLIS) private readonly rim: Rim) {}

  @Post()
  @ApiOperation({ summary: 'Signs in: the answer sets the cookie' })
  @ApiBody({ schema: SIGN_IN })
  @Shows(201, SIGNED_IN, 'signed in')
  @Redirects()
  @Faults()
  signIn(@Req() request: FastifyRequest, @Res({ passthrough: true }) reply: FastifyReply) {
    return answer(this.rim, request, reply, (call) => this.rim.ellis.signIn(call));
  }

  @Get()
  @ApiOperation({ summary: 'Who is signed in' })
  @Shows(200, SESSION)
  @Faults()
  show(@Req() request: FastifyRequest, @Res({ passthrough: true }) reply: FastifyReply) {
    return answer(this.rim, request, reply, (call) => this.rim.ellis.showSession(call));
  }

  @Delete()
  @ApiOperation({ summary: 'Signs out' })
  @Gone()
  @Faults()
  signOut(@Req() request: FastifyRequest, @Res({ passthrough: true }) reply: FastifyReply) {
    return answer(this.rim, request, reply, (call) => this.rim.ellis.signOut(call));
  }
}

@ApiTags('portal')
@Controller('portal')
export class PortalController {
  constructor(@Inject(ELLIS) private readonly rim: Rim) {}

  @Get()
  @ApiOperation({ summary: 'What the page has to know before anybody is signed in' })
  @Shows(200, PORTAL)
  @Faults()
  show(@Req() request: FastifyRequest, @Res({ passthrough: true }) reply: FastifyReply) {
    return answer(this.rim, request, reply, () => this.rim.ellis.portal());
  }
}
