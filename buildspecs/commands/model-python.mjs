// Runs the Pythons that load a model: each is a program, or `docker://IMAGE`. The artifact has no network there, and may only write to one folder: confined by Docker in an image, else by WALLS, this machine's walls (src/adapters/local/servers/walls.ts).
import { execFile } from 'node:child_process';
import { dirname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { pythonIn } from './docker.mjs';
import { handOnProgress } from './progress.mjs';

const run = promisify(execFile);
const { WALLS } = process.env;
const IMAGE = 'docker://';
const MOST_OUTPUT = { maxBuffer: 2 ** 24 };
const LAST_OUTPUT_MS = 1000;

/** The name of the image that a place is, or undefined. */
export function imageOf(place) {
  return place.startsWith(IMAGE) ? place.slice(IMAGE.length) : undefined;
}

/** Of the artifact in a folder: `out` is the only folder in it that the artifact's own code may write to. */
export function modelPython(artifact, { out, model, facts }) {
  const env = {
    HOME: out,
    TMPDIR: out,
    MODEL_PATH: model,
    MODEL_FACTS: facts,
    ORT_DISABLE_TELEMETRY: '1',
    // What it takes is measured as it is served: runtimes/python/Dockerfile.
    GLIBC_TUNABLES: 'glibc.malloc.hugetlb=1',
    // From 3.11 on, modules are not searched in the working directory.
    PYTHONSAFEPATH: '1',
    PYTHONDONTWRITEBYTECODE: '1',
  };

  /** All that it prints. */
  async function printed(place, given) {
    const image = imageOf(place);
    if (image) return pythonIn(image, given, { folder: artifact, writable: out, env });
    const walled = { ...env, ...walls(place, { artifact, out }) };
    const running = run(place, given, { ...MOST_OUTPUT, cwd: out, env: walled });
    letGo(running.child);
    handOnProgress(running.child);
    try {
      return (await running).stdout;
    } catch (error) {
      if (error.signal !== 'SIGXCPU') throw error;
      const { cpuSeconds } = JSON.parse(WALLS).limits;
      throw new Error(`${given[1]} reached its limit of ${cpuSeconds} s of CPU`);
    }
  }

  return {
    printed,
    /** An image's file system is read-only, so the artifact's own code is compiled now. A file that does not compile fails when it is imported. */
    async compile(place, folder) {
      const image = imageOf(place);
      if (!image) return;
      const quietly = ['-q', '-q', '--invalidation-mode', 'unchecked-hash'];
      const named = ['-s', dirname(folder), '-p', '/opt'];
      // -I: ignores modules of the artifact that have the name of a standard one.
      const given = ['-I', '-m', 'compileall', ...quietly, ...named, folder];
      const writing = { folder: artifact, writable: folder, env: {} };
      await pythonIn(image, given, writing).catch(() => undefined);
    },
  };
}

/** The walls around a process that loads the model, if this machine has any: it sees the artifact and its environment, and writes to one folder. */
function walls(place, { artifact, out }) {
  if (!WALLS) return {};
  const read = [artifact, dirname(dirname(place))];
  return { SLIPWAY_WALLS: JSON.stringify({ ...JSON.parse(WALLS), read, write: [out] }) };
}

/** Background processes of the artifact's code hold the output open; they are not waited for, and end with the build. */
function letGo(child) {
  child.once('exit', async () => {
    await sleep(LAST_OUTPUT_MS, undefined, { ref: false });
    child.stdout.destroy();
    child.stderr.destroy();
  });
}
