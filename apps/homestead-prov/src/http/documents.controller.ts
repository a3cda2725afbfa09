// The simservs documents of users under the path that an XDMS gives them (backend.md §4, TS 24.623 §5.3.1).
// Thin: reads the request, calls the handler, writes the outcome.
import { Body, Controller, Delete, Get, Headers, Inject, Param, Put, Res } from '@nestjs/common';
import {
  ApiBody,
  ApiConsumes,
  ApiHeader,
  ApiOkResponse,
  ApiOperation,
  ApiParam,
  ApiResponse,
  ApiTags,
} from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import type { UserDocuments } from '../handlers/user-documents.js';
import { answer, ifRevision, textBody, XML } from './answer.js';
import { Empty, Faults, IF_MATCH, IMPU, SIMSERVS_XML } from './schemas.js';
import { DOCUMENTS } from './tokens.js';

@ApiTags('telephony services')
@ApiParam(IMPU)
@Controller('org.etsi.ngn.simservs/users/:impu/simservs.xml')
export class DocumentsController {
  constructor(@Inject(DOCUMENTS) private readonly documents: UserDocuments) {}

  @Get()
  @ApiOperation({ summary: 'The telephony services of a public identity' })
  @ApiOkResponse({ content: { 'application/xml': { schema: SIMSERVS_XML } } })
  @Faults(ApiResponse, 404)
  get(@Res({ passthrough: true }) reply: FastifyReply, @Param('impu') impu: string) {
    return answer(reply, () => this.documents.getSimservs(impu), XML);
  }

  @Put()
  @ApiOperation({ summary: 'Sets them: they hold for the next call' })
  @ApiHeader(IF_MATCH)
  @ApiConsumes('application/xml')
  @ApiBody({ schema: SIMSERVS_XML })
  @Empty(ApiResponse, 200)
  @Faults(ApiResponse, 412)
  put(
    @Res({ passthrough: true }) reply: FastifyReply,
    @Param('impu') impu: string,
    @Body() body: unknown,
    @Headers('if-match') match: unknown,
  ) {
    return answer(reply, async () =>
      this.documents.putSimservs({ impu, xml: textBody(body), ...ifRevision(match) }),
    );
  }

  @Delete()
  @ApiOperation({ summary: 'Removes them' })
  @ApiHeader(IF_MATCH)
  @Empty(ApiResponse, 204)
  @Faults(ApiResponse, 404, 412)
  remove(
    @Res({ passthrough: true }) reply: FastifyReply,
    @Param('impu') impu: string,
    @Headers('if-match') match: unknown,
  ) {
    return answer(reply, async () => this.documents.removeSimservs({ impu, ...ifRevision(match) }));
  }
}
