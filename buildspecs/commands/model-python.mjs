// Runs the Pythons that load a model: each is a program, or `docker://IMAGE`. The artifact has no network there, and may only write to one folder: confined by Docker in an image, else by WALLS, this machine's walls (src/adapters/local/servers/walls.ts).
import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { cpuGroup, removeLeftGroups } from './cpu-groups.mjs';
import { docker, pythonIn } from './docker.mjs';
import { limitsFor, watchOut } from './out-watch.mjs';
import { piped } from './programs.mjs';
import { handOnProgress } from './progress.mjs';

/** @typedef {{ loadingSeconds: number | undefined, out: ({ folder: string } & Awaited<ReturnType<typeof limitsFor>>) | undefined }} Limits */

const run = promisify(execFile);
const { WALLS } = process.env;
const IMAGE = 'docker://';
// Not the copy in the environment, in which a package may have replaced it.
const LAUNCHER = join(import.meta.dirname, '../../runtimes/python/slipway_server/walls.py');
const MOST_OUTPUT = { maxBuffer: 2 ** 24 };
const LAST_OUTPUT_MS = 1000;
// The limit in real time, equal to the CPU time that a model may use (BUILD_CPU_SECONDS). A model that sleeps would keep its place from other builds.
const MOST_SECONDS = 1800;
// The quotas that slipway_server/proof/shares.py asks for, and how often it may ask.
const SHARES = [1, 0.5];
const MOST_ASKED = 20;
// slipway_server.describe says this once the model is loaded.
const LOADED = 'progress: proving the model';

/**
 * The name of the image that a place is, or undefined.
 * @param {string} place
 */
export function imageOf(place) {
  return place.startsWith(IMAGE) ? place.slice(IMAGE.length) : undefined;
}

/**
 * Runs Python on the artifact in a folder, whose own code may only write to `out`.
 * `startupSeconds` is how long its server may take to get ready; a model that takes longer to load could not be served.
 * @param {string} artifact
 * @param {{ out: string, model: string, facts: string, startupSeconds: number }} given
 */
export function modelPython(artifact, { out, model, facts, startupSeconds }) {
  const env = {
    HOME: out,
    TMPDIR: out,
    MODEL_PATH: model,
    MODEL_FACTS: facts,
    ORT_DISABLE_TELEMETRY: '1',
    // Its memory is measured under the same settings as in serving: runtimes/python/Dockerfile.
    GLIBC_TUNABLES: 'glibc.malloc.hugetlb=1',
    // From 3.11 on, modules are not searched in the working directory.
    PYTHONSAFEPATH: '1',
    PYTHONDONTWRITEBYTECODE: '1',
  };

  /**
   * The program's whole output. `loads` means that it loads the model, which has limits in real time and in the bytes that it writes. An error's `isOver` says that it reached one.
   * @param {string} place
   * @param {readonly string[]} given
   * @param {{ loads?: boolean }} [options]
   */
  async function printed(place, given, { loads = false } = {}) {
    const image = imageOf(place);
    const limits = {
      loadingSeconds: loads ? startupSeconds : undefined,
      out: loads ? { folder: out, ...(await limitsFor(join(dirname(facts), 'model'))) } : undefined,
    };
    if (image) {
      const inImage = { folder: artifact, writable: out, env };
      return printedInImage(image, given, inImage, limits);
    }
    const quotas = loads ? await quotasOf() : undefined;
    const walled = { ...env, ...quotas?.env, ...walls(place, { artifact, out }) };
    // The walls are set before Python looks into the environment, whose packages may have code run as it starts.
    const launched = ['-I', '-S', LAUNCHER, ...given];
    try {
      return await printedIn({ cwd: out, env: walled }, [place, launched], limits, quotas?.follow);
    } finally {
      await quotas?.end();
    }
  }

  return {
    printed,
    /**
     * An image's file system is read-only, so the artifact's own code is compiled now. A file that does not compile fails when it is imported.
     * @param {string} place
     * @param {string} folder
     */
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

/**
 * The quotas under which a process that loads a model may measure its answers. It asks for one by a line on its standard error (slipway_server/proof/shares.py), and sees that it is in the group; a quota that cannot be set leaves it where it was.
 * Its variables say where the group is, or why there is none.
 */
async function quotasOf() {
  try {
    await removeLeftGroups();
    const group = cpuGroup(SHARES);
    let asked = 0;
    return {
      env: { CPU_GROUP: group.name },
      /** @param {import('node:child_process').ChildProcessWithoutNullStreams} child */
      follow(child) {
        attempt(() => group.enter(child.pid ?? 0));
        createInterface({ input: child.stderr }).on('line', (line) => {
          const [, share] = /^share: (1|0\.5|all)$/.exec(line) ?? [];
          if (!share || asked === MOST_ASKED) return;
          asked += 1;
          attempt(() => group.hold(share === 'all' ? undefined : Number(share)));
        });
      },
      end: () => group.remove(),
    };
  } catch (error) {
    return { env: { NO_CPU_GROUP: error.message.slice(0, 300) }, follow() {}, async end() {} };
  }
}

/** @param {() => void} change */
function attempt(change) {
  try {
    change();
  } catch {}
}

/**
 * @param {{ cwd: string, env: NodeJS.ProcessEnv }} where
 * @param {readonly [string, readonly string[]]} command
 * @param {Limits} limits
 * @param {((child: import('node:child_process').ChildProcessWithoutNullStreams) => void)} [follow]
 */
async function printedIn(where, [program, given], limits, follow = () => undefined) {
  const running = run(program, given, { ...MOST_OUTPUT, ...where });
  const child = piped(running.child);
  follow(child);
  letGo(child);
  // Code that reads a line of input while it is imported gets the end of the input at once.
  child.stdin.on('error', () => undefined).end();
  const limit = limited(() => child.kill('SIGKILL'), limits);
  handOnProgress(child, limit.tell);
  try {
    return (await running).stdout;
  } catch (error) {
    throw limit.error() ?? (error.signal === 'SIGXCPU' ? outOfCpu() : error);
  } finally {
    limit.stop();
  }
}

/** The limit is in the walls, which the launcher has set. */
function outOfCpu() {
  const { cpuSeconds } = JSON.parse(WALLS ?? '{}').limits ?? {};
  return Object.assign(new Error(`the model was not proven in ${cpuSeconds} s of CPU, its limit`), {
    isOver: true,
  });
}

/**
 * @param {string} image
 * @param {readonly string[]} given
 * @param {{ folder: string, writable: string, env: Record<string, string> }} inImage
 * @param {Limits} limits
 */
async function printedInImage(image, given, inImage, limits) {
  const name = `slipway-load-${randomBytes(6).toString('hex')}`;
  const end = () => docker(['kill', name]).catch(() => undefined);
  const limit = limited(end, limits);
  /** @param {Buffer} bytes */
  const onSaid = (bytes) => String(bytes).split('\n').forEach(limit.tell);
  try {
    return await pythonIn(image, given, { ...inImage, name, onSaid });
  } catch (error) {
    throw limit.error() ?? error;
  } finally {
    limit.stop();
  }
}

/**
 * Calls `end` for a process that loads the model when that takes longer than so many seconds or writes too much, and in any case after the most. `tell` takes its stages; `error` gives the reason for an end.
 * @param {() => unknown} end
 * @param {Limits} limits
 */
function limited(end, { loadingSeconds, out }) {
  /** @type {string | undefined} */
  let over;
  /** @param {string} says */
  function endIt(says) {
    over ??= says;
    end();
  }
  /**
   * @param {number} seconds
   * @param {string} says
   */
  const endAfter = (seconds, says) => setTimeout(() => endIt(says), seconds * 1000);
  const whole = endAfter(
    MOST_SECONDS,
    `the model was not proven in ${MOST_SECONDS} s by the clock`,
  );
  const loading =
    loadingSeconds &&
    endAfter(loadingSeconds, `the model was not loaded in ${loadingSeconds} s by the clock`);
  const unwatch = out ? watchOut(out.folder, out, endIt) : () => undefined;
  return {
    /** @param {string} line */
    tell: (line) => line === LOADED && clearTimeout(loading),
    error: () => over && Object.assign(new Error(over), { isOver: true }),
    stop() {
      unwatch();
      clearTimeout(loading);
      clearTimeout(whole);
    },
  };
}

/**
 * The walls around a process that loads the model: it sees the artifact and its environment, and writes to one folder. `none` comes from a Slipway that was started without walls.
 * @param {string} place
 * @param {{ artifact: string, out: string }} folders
 * @returns {{ SLIPWAY_WALLS?: string }}
 */
function walls(place, { artifact, out }) {
  if (!WALLS) {
    throw new Error('no walls were given to set around the model, so it was not loaded');
  }
  if (WALLS === 'none') return {};
  const read = [artifact, dirname(dirname(place))];
  return { SLIPWAY_WALLS: JSON.stringify({ ...JSON.parse(WALLS), read, write: [out] }) };
}

/**
 * Background processes of the artifact's code hold the output open; they are not waited for, and end with the build.
 * @param {import('node:child_process').ChildProcessWithoutNullStreams} child
 */
function letGo(child) {
  child.once('exit', async () => {
    await sleep(LAST_OUTPUT_MS, undefined, { ref: false });
    child.stdout.destroy();
    child.stderr.destroy();
  });
}
