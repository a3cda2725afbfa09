// Homestead's variables, beside those that every app shares (libs/runtime ProcessConfig).
import { IsInt, Max, Min } from 'class-validator';
import { Env } from '#libs/runtime';

const PORT = { message: 'takes a port, 0 to 65535' };

export class HomesteadConfig {
  @Env('HOMESTEAD_PORT', 'HTTP port of Homestead')
  @IsInt(PORT)
  @Min(0, PORT)
  @Max(65535, PORT)
  homesteadPort = 8888;
}
