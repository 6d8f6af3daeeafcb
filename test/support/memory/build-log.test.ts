import { describeBuildLog } from '../../contracts/build-log.ts';
import { memoryBuildLog } from './build-log.ts';

describeBuildLog('memoryBuildLog', async () => {
  const log = memoryBuildLog();
  let builds = 0;
  return {
    log,
    beganMs: 0,
    async write(lines) {
      builds += 1;
      const ref = { group: 'builds', stream: `build-${builds}` };
      log.write(ref, lines);
      return ref;
    },
    close: async () => {},
  };
});
