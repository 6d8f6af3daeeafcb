'use strict';

const { zipSync } = require('fflate');

// Fixed permissions, and zip's earliest date.
const UNIX = 3;
const READABLE_FILE = 0o100644 * 0x10000;
const EARLIEST = new Date(1980, 0, 1);

/**
 * A reproducible zip: the same files give the same bytes on any machine and any day.
 * @param {Readonly<Record<string, Uint8Array>>} files the content by path, in the order in which it is put in
 * @param {{ readonly level: 0 | 9 }} compression 0 for none
 */
exports.zip = (files, { level }) =>
  zipSync(files, { level, os: UNIX, attrs: READABLE_FILE, mtime: EARLIEST });
