import { askedFromOutside, askedWithin, ownNetwork } from './ask-server.mjs';
import { BELOW_SERVING, CONFINED, docker, dockerBoth, LABELLED, there } from './docker.mjs';
import { measuredAt } from './measure-answers.mjs';

/** @import { Runtime, ServerPlace } from '../../src/domain/build/runtime.ts' */
/** @import { SmokeTest } from '../../src/domain/build/image.ts' */
/** @import { Answered, Asked } from './ask-server.mjs' */
/**
 * A request that a model is known to answer: `path` is absent where the protocol determines it.
 * @typedef {{ protocol?: string, path?: string | undefined, body: any }} Asking
 */
/** @typedef {{ image: string, modelFile: string, server: ServerPlace, startupSeconds: number, request?: Asking | undefined }} Start */

const NAME = 'smoke';
const MOST_SECONDS = 600;
const LONGEST_REASON = 300;

const TMP = ['--tmpfs', '/tmp:rw,size=512m'];
// The limits of Lambda for any image: not the image's own user, only /tmp is writable, no shared memory.
// https://docs.aws.amazon.com/lambda/latest/dg/images-create.html
const AS_LAMBDA = [
  '--read-only',
  ...TMP,
  '--ipc',
  'none',
  '--user',
  '993:990',
  '--cap-drop',
  'ALL',
];

/**
 * Starts an image as it will run, but without outbound network, and sends its model a request if one is known.
 * The start may take `startupSeconds`, or `mostSeconds` where the image has a command that calls it, and the answer `mostSeconds`.
 * Returns {startMs, peakBytes, measured}: the time until it was ready, the server's memory, and the time of its answers at shares of the CPU, absent where no request is known. Fails with the server's output if it does not get that far.
 * An image without a command that calls it is first tried as on Lambda; if it only starts as a container, `refusedByLambda` says why.
 * @param {Start & { runtime: Runtime, mostSeconds?: number }} start
 * @returns {Promise<SmokeTest>}
 */
export async function smokeTest({ runtime, mostSeconds = MOST_SECONDS, ...given }) {
  const start = { ...given, mostSeconds };
  // Pulled first, so that only the start is timed.
  await there(start.image);
  const { image, container } = runtime;
  const { ask } = image;
  if (ask) {
    const patient = { ...start, startupSeconds: mostSeconds };
    return started(patient, CONFINED, (id) => askedWithin(id, ask));
  }

  const network = await ownNetwork();
  /** @param {string} id */
  const asker = (id) => askedFromOutside(id, start.server);
  const settings = [...LABELLED, ...BELOW_SERVING, '--network', network.name];
  const fixed = [...settings, '--pids-limit', '1024', '--security-opt', 'no-new-privileges'];
  try {
    return await started(start, [...fixed, ...AS_LAMBDA], asker).catch(async (refused) => {
      const kept = container.capabilities.flatMap((name) => ['--cap-add', name]);
      const own = [...fixed, ...TMP, '--cap-drop', 'ALL', ...kept];
      // If a program says why it ended, the last line does.
      const reason = refused.message.trim().split('\n').at(-1).slice(0, LONGEST_REASON);
      return { ...(await started(start, own, asker)), refusedByLambda: asThere(reason) };
    });
  } finally {
    await network.remove();
  }
}

/** @param {string} reason */
function asThere(reason) {
  return `on Lambda an image runs as Lambda's own user and can write only to /tmp, where this one fails: ${reason}`;
}

/**
 * @param {Start & { mostSeconds: number }} start
 * @param {readonly string[]} settings
 * @param {(container: string) => Asked | Promise<Asked>} asker
 * @returns {Promise<SmokeTest>}
 */
async function started(start, settings, asker) {
  const { image, modelFile, server, startupSeconds, mostSeconds, request } = start;
  const env = [
    ...[`MODEL_PATH=/opt/model/${modelFile}`, `MODEL_NAME=${NAME}`, 'MODEL_VERSION=1'],
    `PORT=${server.port}`,
  ];
  const told = env.flatMap((each) => ['--env', each]);
  const startedMs = performance.now();
  const container = await docker(['run', '--detach', ...settings, ...told, image]);
  try {
    const ask = await asker(container);
    await within(ask.ready(), container, startupSeconds, 'was not ready');
    const startMs = Math.round(performance.now() - startedMs);
    // A model that never answers would keep the place of other builds.
    const answering = request && answered(ask, request);
    const first = await within(answering, container, mostSeconds, 'had not answered a request');
    const peakBytes = await ask.heldBytes();
    // The answers have proven the image: measuring them says how long they take, and nothing more.
    const measuring =
      request && first && measuredAt({ ask, container, request, way: wayOf(request), first });
    const measured = await within(measuring, container, mostSeconds, 'had not answered').catch(
      () => undefined,
    );
    return { startMs, peakBytes, ...(measured && { measured }) };
  } catch (error) {
    throw new Error(`the image does not serve its model: ${await said(container, error)}`);
  } finally {
    await docker(['rm', '--force', '--volumes', container]);
  }
}

/**
 * Killing a container ends everything in it.
 * @template Result
 * @param {Promise<Result> | undefined} waiting
 * @param {string} container
 * @param {number} seconds
 * @param {string} what
 */
async function within(waiting, container, seconds, what) {
  let isLate = false;
  const kill = () => {
    isLate = true;
    docker(['kill', container]).catch(() => undefined);
  };
  const timer = setTimeout(kill, seconds * 1000);
  try {
    return await waiting;
  } catch (error) {
    if (!isLate) throw error;
    throw Object.assign(new Error(`it ${what} after ${seconds} s`), { isLate });
  } finally {
    clearTimeout(timer);
  }
}

/** @param {Asking} request */
function wayOf({ protocol, path }) {
  return path ?? (protocol === 'infer' ? `/v2/models/${NAME}/infer` : '/invocations');
}

/**
 * @param {Asked} ask
 * @param {Asking} request
 * @returns {Promise<Answered>}
 */
async function answered(ask, request) {
  const answer = await ask.post(wayOf(request), JSON.stringify(request.body));
  if (answer.status === 200) return answer;
  throw new Error(`it answered ${answer.status} to a request: ${answer.body.slice(0, 2000)}`);
}

// 128 + SIGKILL: the exit code of a command in a container whose server has ended.
const KILLED = 137;

/**
 * The output of a server that ended, or did not answer, which may say why.
 * @param {string} container
 * @param {Error & { exitCode?: number, isLate?: boolean }} error
 */
async function said(container, error) {
  if (error.exitCode === KILLED) await docker(['wait', container]);
  const isRunning = await docker(['inspect', '--format', '{{.State.Running}}', container]);
  const { out, said: trouble } = await dockerBoth(['logs', '--tail', '20', container]);
  const told = trouble || out;
  return isRunning === 'true' || error.isLate
    ? [error.message, told].filter(Boolean).join('\n')
    : told || error.message;
}
