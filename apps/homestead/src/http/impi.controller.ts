// /impi/<impi>: authentication data and registration status of a private identity (backend.md §1.1).
// Thin: reads the request, asks Homestead, writes the answer.
import { Controller, Get, Inject, Param, Query as QueryOf, Res } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiParam, ApiQuery, ApiResponse, ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { AUTH_TYPES, type AuthScheme } from '#libs/homestead-client';
import type { HomesteadCore } from '../homestead-core.js';
import { fault, sendAssignment, sendLegacyDigest, sendVector } from './answer.js';
import { AKA_VECTOR, ASSIGNMENT, AUTH_VECTOR, Faults, LEGACY_DIGEST } from './schemas.js';
import { HOMESTEAD } from './tokens.js';

const IMPI = { name: 'impi', example: 'alice@ims.test' };
const IMPU = { name: 'impu', example: 'sip:alice@ims.test', required: false };
const SERVER_NAME = { name: 'server-name', required: false };
const RESYNC = { name: 'resync-auth', required: false, description: 'AKA only: base64 of RAND and AUTS' };

type Query = Readonly<Record<string, unknown>>;

@ApiTags('impi')
@Controller('impi/:impi')
export class ImpiController {
  constructor(@Inject(HOMESTEAD) private readonly homestead: HomesteadCore) {}

  @Get('digest')
  @ApiOperation({ summary: 'MD5 HA1, in the form of old clients' })
  @ApiParam(IMPI)
  @ApiQuery({ ...IMPU, name: 'public_id' })
  @ApiQuery(SERVER_NAME)
  @ApiOkResponse({ schema: LEGACY_DIGEST })
  @Faults(ApiResponse, 404)
  digest(
    @Res({ passthrough: true }) reply: FastifyReply,
    @Param('impi') impi: string,
    @QueryOf() query: Query,
  ) {
    return sendLegacyDigest(reply, this.vector(impi, { ...query, impu: query['public_id'] }, 'digest'));
  }

  @Get('av/digest')
  @ApiOperation({ summary: 'Authentication vector for SIP digest' })
  @ApiParam(IMPI)
  @ApiQuery(IMPU)
  @ApiQuery(SERVER_NAME)
  @ApiOkResponse({ schema: AUTH_VECTOR })
  @Faults(ApiResponse, 404)
  digestVector(
    @Res({ passthrough: true }) reply: FastifyReply,
    @Param('impi') impi: string,
    @QueryOf() query: Query,
  ) {
    return sendVector(reply, this.vector(impi, query, 'digest'));
  }

  @Get('av')
  @ApiOperation({ summary: 'Authentication vector, of the scheme that the subscriber has' })
  @ApiParam(IMPI)
  @ApiQuery(IMPU)
  @ApiQuery(SERVER_NAME)
  @ApiQuery(RESYNC)
  @ApiOkResponse({ schema: { oneOf: [AUTH_VECTOR, AKA_VECTOR] } })
  @Faults(ApiResponse, 404)
  authVector(
    @Res({ passthrough: true }) reply: FastifyReply,
    @Param('impi') impi: string,
    @QueryOf() query: Query,
  ) {
    return sendVector(reply, this.vector(impi, query, 'any'));
  }

  @Get('av/aka')
  @ApiOperation({ summary: 'Authentication vector for AKA, a new one each time' })
  @ApiParam(IMPI)
  @ApiQuery(IMPU)
  @ApiQuery(SERVER_NAME)
  @ApiQuery(RESYNC)
  @ApiOkResponse({ schema: AKA_VECTOR })
  @Faults(ApiResponse, 404)
  aka(@Res({ passthrough: true }) reply: FastifyReply, @Param('impi') impi: string, @QueryOf() query: Query) {
    return sendVector(reply, this.vector(impi, query, 'akav1'));
  }

  @Get('av/aka2')
  @ApiOperation({ summary: 'The same for version 2 (RFC 4169)' })
  @ApiParam(IMPI)
  @ApiQuery(IMPU)
  @ApiQuery(SERVER_NAME)
  @ApiQuery(RESYNC)
  @ApiOkResponse({ schema: AKA_VECTOR })
  @Faults(ApiResponse, 404)
  aka2(
    @Res({ passthrough: true }) reply: FastifyReply,
    @Param('impi') impi: string,
    @QueryOf() query: Query,
  ) {
    return sendVector(reply, this.vector(impi, query, 'akav2'));
  }

  @Get('registration-status')
  @ApiOperation({ summary: 'May the user register, and where (Cx UAR)' })
  @ApiParam(IMPI)
  @ApiQuery(IMPU)
  @ApiQuery({ name: 'visited-network', required: false })
  @ApiQuery({ name: 'auth-type', required: false, enum: AUTH_TYPES })
  @ApiQuery({ name: 'sos', required: false, description: '`true` for an emergency registration' })
  @ApiOkResponse({ schema: ASSIGNMENT })
  @Faults(ApiResponse, 400, 404)
  registrationStatus(
    @Res({ passthrough: true }) reply: FastifyReply,
    @Param('impi') impi: string,
    @QueryOf() query: Query,
  ) {
    const authType = AUTH_TYPES.find((type) => type === (query['auth-type'] ?? 'REG'));
    if (!authType) return fault(reply, 'bad-request', `auth-type takes ${AUTH_TYPES.join(', ')}`);
    const impu = query['impu'];
    if (typeof impu !== 'string') return fault(reply, 'not-found', 'no impu');
    const visitedNetwork = query['visited-network'];
    return sendAssignment(
      reply,
      this.homestead.registrationStatus(impi, impu, {
        visitedNetwork: typeof visitedNetwork === 'string' ? visitedNetwork : '',
        authType,
        emergency: query['sos'] === 'true',
      }),
    );
  }

  /** Without a public identity nothing is found, as in Clearwater. */
  private vector(impi: string, query: Query, scheme: AuthScheme) {
    const { impu, 'server-name': serverName, 'resync-auth': resync } = query;
    if (typeof impu !== 'string') return Promise.resolve({ ok: false, failure: 'not-found' } as const);
    return this.homestead.authentication(impi, impu, {
      scheme,
      ...(typeof serverName === 'string' && serverName !== '' ? { serverName } : {}),
      ...(typeof resync === 'string' && resync !== '' ? { resync: Buffer.from(resync, 'base64') } : {}),
    });
  }
}
