// Runs npm scripts at the same time, each on a core of its own where there is one, and shows what each said when it has ended:
// node .config/side-by-side.mjs build deps. Fails when one of them failed, after all have ended.
import { Buffer } from 'node:buffer';
import { spawn } from 'node:child_process';

const run = (script) =>
  new Promise((resolve) => {
    const child = spawn('npm', ['run', '-s', script], { stdio: ['ignore', 'pipe', 'pipe'], shell: false });
    const output = [];
    child.stdout.on('data', (data) => output.push(data));
    child.stderr.on('data', (data) => output.push(data));
    child.on('error', (error) => output.push(Buffer.from(`${error.message}\n`)));
    child.on('close', (code) => {
      process.stdout.write(Buffer.concat(output));
      if (code !== 0) process.stderr.write(`npm run ${script} failed (${code})\n`);
      resolve(code === 0);
    });
  });

const passed = await Promise.all(process.argv.slice(2).map(run));
process.exit(passed.every(Boolean) ? 0 : 1);
