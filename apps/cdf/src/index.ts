export { type Cdf, type CdfCounts, type CdfOptions, type CdfPorts, createCdf } from './cdf.js';
export { cdfRecord, type CdfRecord, csvLine, CSV_HEADER } from './cdf-record.js';
export { openRecordFiles, readRecords, type RecordFiles } from './record-files.js';
