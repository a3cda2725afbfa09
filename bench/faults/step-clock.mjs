// Preloaded into a process (node --import): from the moment at which the file STEP_CLOCK_FILE is there its wall clock is so many ms ahead as stand in it.
import { existsSync, readFileSync } from 'node:fs';
import { setInterval } from 'node:timers';

const now = Date.now.bind(Date);
const file = process.env.STEP_CLOCK_FILE ?? '';
let aheadMs = 0;
setInterval(() => {
  aheadMs = existsSync(file) ? Number(readFileSync(file, 'utf8')) : 0;
}, 100).unref();
Date.now = () => now() + aheadMs;
