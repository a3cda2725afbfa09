// Sprout's signalling HTTP port: what the back ends call. /ping comes with the server (libs/runtime http.ts).
import { Module } from '@nestjs/common';

/** Timers and notifications of the back ends arrive here once they run apart: docs/roadmap.md. */
@Module({})
export class SproutModule {}
