import { describeArchive } from '../../../contract/archive.contract.js';
import { createMemoryArchive, MemoryArchiveServer } from './memory-archive.js';

describeArchive('memory', () => {
  const server = new MemoryArchiveServer();
  return Promise.resolve({
    open: () => Promise.resolve(createMemoryArchive(server)),
    end: () => Promise.resolve(),
  });
});
