import { tableStoreContract } from '../../../contract/table-store.contract.js';
import { createMemoryTableStore } from './memory-table-store.js';

tableStoreContract('memory', {
  create: () => createMemoryTableStore({ name: 'rows' }),
  runs: 200,
});
