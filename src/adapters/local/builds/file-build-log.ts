import { basename, join } from 'node:path';
import { revisionLog } from '#adapters/local/revisions/revision-log.ts';
import type { BuildLog } from '#ports/build-log.ts';

/** What the builds of `directory` wrote, a file each. A log is named by the workflow's state, so nothing outside of the folder is read. */
export function fileBuildLog(directory: string): BuildLog {
  return {
    async tail({ group, stream }, lines) {
      if (group !== directory || basename(stream) !== stream) return [];
      return revisionLog(join(directory, stream)).tail(lines);
    },
  };
}
