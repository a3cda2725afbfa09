// Homestead Prov's variables, beside those that every app shares (libs/runtime ProcessConfig).
// Read by main.ts here and by apps/clearwater.
import { IsBoolean, IsInt, Max, Min } from 'class-validator';
import { Env } from '#libs/runtime';

const PORT = { message: 'takes a port, 0 to 65535' };

export class HomesteadProvConfig {
  @Env('HOMESTEAD_PROV_PORT', 'TCP port of the HTTP API of Homestead Prov')
  @IsInt(PORT)
  @Min(0, PORT)
  @Max(65535, PORT)
  homesteadProvPort = 8889;

  @Env('STORE_PLAINTEXT_PASSWORDS', 'keep passwords given in the clear, encrypted, and show them to who asks')
  @IsBoolean({ message: 'takes 1 or 0' })
  storePlaintextPasswords = false;
}
