import { existsSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { notLinux } from '../needs.ts';

// Each architecture has a separate folder.
const LIBRARY = notLinux
  ? undefined
  : readdirSync('/usr/lib')
      .map((name) => join('/usr/lib', name, 'faketime/libfaketimeMT.so.1'))
      .find((path) => existsSync(path));

/** The reason why no process can be given a separate clock here; undefined where one can. */
export const missingFaketime = LIBRARY ? undefined : 'there is no libfaketime (faketime of Debian)';

/** The machine's clock as a process with this environment sees it: a file says how far it is off. Measurements of elapsed time (CLOCK_MONOTONIC) stay right, as on a machine whose clock is set. */
export function fakedClock(file: string) {
  const set = (offsetSeconds: number) =>
    writeFileSync(file, `${offsetSeconds < 0 ? '' : '+'}${offsetSeconds}`);
  set(0);
  return {
    environment: {
      LD_PRELOAD: LIBRARY ?? '',
      FAKETIME_TIMESTAMP_FILE: file,
      FAKETIME_NO_CACHE: '1',
      FAKETIME_DONT_FAKE_MONOTONIC: '1',
    },
    /** Steps it to so many seconds beside the true time. */
    set,
  };
}
