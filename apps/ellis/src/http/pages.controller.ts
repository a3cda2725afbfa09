// The portal's pages: whatever no route takes. No OpenAPI: it is no API.
import { Controller, Get, Inject, NotFoundException, Req, Res } from '@nestjs/common';
import { ApiExcludeController } from '@nestjs/swagger';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Pages } from '../pages/portal-pages.js';
import { PAGES } from './tokens.js';

@ApiExcludeController()
@Controller()
export class PagesController {
  constructor(@Inject(PAGES) private readonly pages: Pages) {}

  @Get(['', '*'])
  async page(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    const { accept = '', 'accept-encoding': acceptEncoding, 'if-none-match': ifNoneMatch } = request.headers;
    const found = await this.pages.answer({
      path: request.url.split('?', 1)[0] ?? '/',
      accept,
      acceptEncoding: [acceptEncoding ?? []].flat().join(','),
      ifNoneMatch: ifNoneMatch ?? '',
    });
    if (found === undefined) throw new NotFoundException('there is nothing at this path');
    await reply.status(found.status).headers(found.headers).send(found.body);
  }
}
