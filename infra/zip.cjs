'use strict';

const { crc32 } = require('node:zlib');

const UTF8_NAMES = 0x0800;
const UNIX = 3 << 8;
const VERSION = 20;
const READABLE_FILE = 0o100644;
// 1980-01-01, the first day that a zip can name: the same files make the same bytes on any day.
const DATE = (1 << 5) | 1;

/**
 * A zip of files, stored as they are, each `{name, content}`.
 * Format: PKWARE's APPNOTE.TXT 6.3, §4.3.7 (local header), §4.3.12 (central header), §4.3.16 (end).
 */
module.exports = function zip(files) {
  const parts = [];
  const directory = [];
  let offset = 0;
  for (const file of files) {
    const name = Buffer.from(file.name);
    const common = commonFields(file.content, name.length);
    const local = Buffer.concat([uint32(0x04034b50), common, name, file.content]);
    directory.push(centralHeader(common, name, offset));
    parts.push(local);
    offset += local.length;
  }
  const central = Buffer.concat(directory);
  return Buffer.concat([...parts, central, endRecord(files.length, central.length, offset)]);
};

/** What both headers of a file hold: from the version needed to the length of the extra field. */
function commonFields(content, nameLength) {
  const sum = uint32(crc32(content));
  const size = uint32(content.length);
  return Buffer.concat([
    uint16s(VERSION, UTF8_NAMES, 0, 0, DATE),
    sum,
    size,
    size,
    uint16s(nameLength, 0),
  ]);
}

function centralHeader(common, name, offset) {
  return Buffer.concat([
    uint32(0x02014b50),
    uint16s(UNIX | VERSION),
    common,
    uint16s(0, 0, 0),
    uint32(READABLE_FILE * 0x10000),
    uint32(offset),
    name,
  ]);
}

function endRecord(count, centralSize, centralOffset) {
  return Buffer.concat([
    uint32(0x06054b50),
    uint16s(0, 0, count, count),
    uint32(centralSize),
    uint32(centralOffset),
    uint16s(0),
  ]);
}

function uint16s(...values) {
  const bytes = Buffer.alloc(values.length * 2);
  values.forEach((value, index) => {
    bytes.writeUInt16LE(value, index * 2);
  });
  return bytes;
}

function uint32(value) {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return bytes;
}
