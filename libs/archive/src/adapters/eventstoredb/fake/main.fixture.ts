// The stand-in for EventStoreDB as a process, so that it can be killed: node main.fixture.js <port> <file>. Says when it is ready.
// Used by end-to-end tests and `npm run accept -- 3.7`.
import { startFakeEventStoreDb } from './fake-eventstoredb.fixture.js';

const [port = '2113', file] = process.argv.slice(2);
const fake = await startFakeEventStoreDb({ port: Number(port), ...(file === undefined ? {} : { file }) });
process.stdout.write(`ready ${fake.url}\n`);
