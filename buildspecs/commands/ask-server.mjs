import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { docker, LABELLED } from './docker.mjs';

// Two ways to reach the server in a container without outbound network: {ready(), post(path, body, times), heldBytes()}.
// `post` sends the body so many times, one after another or so many at once, and returns {status, body, times, tookMs, cpuMs}: the last answer, the time of each and of all (ms), and the CPU time of the container for all, null where it is not known.
// The caller of `ready` sets the time limit; it fails when the container ends.

/** @typedef {{ status: number, body: string, times: number[], tookMs: number, cpuMs: number | null }} Answered */
/**
 * @typedef {{ ready(): Promise<unknown>, post(path: string, body: string, times?: number, atOnce?: number): Promise<Answered>, heldBytes(): Promise<number> }} Asked
 */

const POLL_MS = 100;

/**
 * Calls the server by a command of its image, inside the container, which then needs no network at all.
 * @param {string} container
 * @param {readonly string[]} command
 * @returns {Asked}
 */
export function askedWithin(container, command) {
  /**
   * @param {readonly string[]} given
   * @param {string} [body]
   */
  const ask = async (given, body) =>
    JSON.parse(await docker(['exec', '--interactive', container, ...command, ...given], body));
  return {
    ready: () => ask([]),
    post: (path, body, times = 1, atOnce = 1) => ask([path, String(times), String(atOnce)], body),
    async heldBytes() {
      const status = await docker(['exec', container, 'cat', '/proc/1/status']);
      return Number(/VmHWM:\s+(\d+) kB/.exec(status)?.[1]) * 1024;
    },
  };
}

/**
 * Calls the server over HTTP on a network that reaches only this machine, for an image with unknown contents.
 * @param {string} container
 * @param {{ port: number, healthPath: string }} server
 * @returns {Promise<Asked>}
 */
export async function askedFromOutside(container, { port, healthPath }) {
  const format = '{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}';
  const origin = `http://${await docker(['inspect', '--format', format, container])}:${port}`;
  return {
    async ready() {
      for (;;) {
        const answer = await fetch(origin + healthPath, { redirect: 'manual' }).catch(
          () => undefined,
        );
        await answer?.body?.cancel();
        if (answer?.status === 200) return;
        if (!(await isRunning(container))) throw new Error('it has exited');
        await sleep(POLL_MS);
      }
    },
    async post(path, body, most = 1, atOnce = 1) {
      /** @type {number[]} */
      const times = [];
      let last = { status: 200, body: '' };
      let begun = 0;
      const client = async () => {
        while (begun < most && last.status === 200) {
          begun += 1;
          const beganMs = performance.now();
          const answer = await posted(origin, path, body);
          times.push(performance.now() - beganMs);
          if (last.status === 200) last = answer;
        }
      };
      const beganMs = performance.now();
      await Promise.all(Array.from({ length: atOnce }, client));
      // Its cgroup is out of reach from here.
      return { ...last, times, tookMs: performance.now() - beganMs, cpuMs: null };
    },
    heldBytes: () => usedBytes(container),
  };
}

/**
 * @param {string} origin
 * @param {string} path
 * @param {string} body
 */
async function posted(origin, path, body) {
  const headers = { 'content-type': 'application/json' };
  const answer = await fetch(origin + path, { method: 'POST', headers, body }).catch((error) => {
    throw new Error(
      `it did not answer a request at ${path}: ${error.cause?.message ?? error.message}`,
    );
  });
  return { status: answer.status, body: await answer.text() };
}

/** A network for a single start: its containers reach nothing else. */
export async function ownNetwork() {
  const name = `slipway-smoke-${randomBytes(6).toString('hex')}`;
  await docker(['network', 'create', '--internal', ...LABELLED, name]);
  return { name, remove: () => docker(['network', 'rm', name]) };
}

/** @param {string} container */
async function isRunning(container) {
  return (await docker(['inspect', '--format', '{{.State.Running}}', container])) === 'true';
}

/** @type {Readonly<Record<string, number>>} */
const UNITS = { B: 1, KiB: 2 ** 10, MiB: 2 ** 20, GiB: 2 ** 30 };

/**
 * The memory of all processes in the container. https://docs.docker.com/reference/cli/docker/container/stats/
 * @param {string} container
 */
async function usedBytes(container) {
  const used = await docker(['stats', '--no-stream', '--format', '{{.MemUsage}}', container]);
  const [, number, unit = ''] = /^([\d.]+)(B|KiB|MiB|GiB) /.exec(used) ?? [];
  const bytes = UNITS[unit];
  if (!bytes) throw new Error(`docker reports an unknown memory usage: ${JSON.stringify(used)}`);
  return Math.ceil(Number(number) * bytes);
}
