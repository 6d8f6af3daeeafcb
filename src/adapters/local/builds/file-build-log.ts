import { basename, join } from 'node:path';
import { revisionLog } from '#adapters/local/files/revision-log.ts';
import type { BuildLog } from '#ports/build-log.ts';

/** The logs of builds in `directory`, one file each. The workflow's state names a log, so nothing outside the folder is read. */
export function fileBuildLog(directory: string): BuildLog {
  return {
    async tail({ group, stream }, query) {
      if (group !== directory || basename(stream) !== stream) return [];
      return revisionLog(join(directory, stream)).lines(query);
    },
  };
}
