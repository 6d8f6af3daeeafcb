import { writeSync } from 'node:fs';
import { openDatabase } from '#adapters/local/registry/database.ts';
import { sqliteRegistry } from '#adapters/local/registry/sqlite-registry.ts';
import { fakeClock } from '../clock/fake-clock.ts';
import { START_MS, upload } from './registry.ts';

/** Run as a process: admits uploads from number `first` on, and says each number once it is recorded, until it is killed. */
const [path = '', first = ''] = process.argv.slice(2);
const clock = fakeClock(START_MS);
const registry = sqliteRegistry({ database: openDatabase(path), clock, onEvents: () => {} });

for (let n = Number(first); ; n += 1) {
  await registry.admit(upload(n));
  writeSync(1, `${n}\n`);
}
