// The thread that validates: libxml2 as WebAssembly, compiled once, run anew for each document. The package's own thread is made
// and thrown away for each document, which costs 75 ms; here it takes 2.
// Imports nothing of ours at run time: it starts as .js after a build and as .ts (types stripped by Node) in tests.
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { parentPort } from 'node:worker_threads';
import type { ToValidate, Validated } from './schema-validator.port.js';

type Run = (options: object) => Promise<unknown>;
type Instance = Readonly<{ exports: object }>;
/** What of WebAssembly is used; lib.dom has it, which a server does not take. */
type Wasm = Readonly<{
  Module: new (bytes: Uint8Array) => object;
  Instance: new (module: object, imports: object) => Instance;
  Memory: new (size: Readonly<{ initial: number; maximum: number }>) => object;
}>;

const require = createRequire(import.meta.url);
const run = require('xmllint-wasm/xmllint-node.js') as Run;
const { Module, Instance, Memory } = (globalThis as unknown as { WebAssembly: Wasm }).WebAssembly;
const compiled = new Module(readFileSync(require.resolve('xmllint-wasm/xmllint.wasm')));

/** Pages of 64 KiB: 16 MiB to start with, 32 MiB at most. */
const MEMORY = { initial: 256, maximum: 512 };
/** Exit codes of xmllint: valid; does not validate. Anything else is no verdict. */
const VALID = 0;
const INVALID: readonly unknown[] = [3, 4];

const validate = ({ xml, schema, files }: ToValidate): Promise<Validated> =>
  new Promise((resolve) => {
    let said = '';
    const ended = (code: unknown): void => {
      if (code === VALID) resolve({ verdict: 'valid' });
      else if (INVALID.includes(code)) resolve({ verdict: 'invalid', reason: said });
      else resolve({ verdict: 'unknown', reason: `xmllint: ${String(code)}: ${said}` });
    };
    const options = {
      inputFiles: [...files, { fileName: 'document.xml', contents: xml }],
      arguments: ['--noout', '--nonet', '--schema', schema, 'document.xml'],
      print: () => undefined,
      printErr: (line: string) => (said += `${line}\n`),
      onExit: ended,
      onAbort: ended,
      wasmMemory: new Memory(MEMORY),
      instantiateWasm(imports: object, done: (instance: Instance) => void) {
        const instance = new Instance(compiled, imports);
        done(instance);
        return instance.exports;
      },
    };
    run(options).catch(ended);
  });

parentPort?.on('message', (message: { id?: number; task?: ToValidate }) => {
  const { id, task } = message;
  if (id === undefined || task === undefined) return;
  void validate(task).then((result) => parentPort?.postMessage({ id, result }));
});
