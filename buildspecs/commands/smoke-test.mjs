import { CONFINED, docker, dockerBoth } from './docker.mjs';

const NAME = 'smoke';
const MOST_SECONDS = 600;

/**
 * Starts an image as it will be started, but without any network, and asks its model for an answer where a request is known: by `askCommand`, which its runtime has for that.
 * Answers {startMs, peakBytes}: how long it took to be ready, and what the server held at most. Fails with what the server said when it does not come so far.
 */
export async function smokeTest({ image, askCommand, modelFile, request }) {
  const env = [`MODEL_PATH=/opt/model/${modelFile}`, `MODEL_NAME=${NAME}`, 'MODEL_VERSION=1'];
  const settings = env.flatMap((each) => ['--env', each]);
  // Pulled before, so that the start is the start alone.
  await docker(['image', 'inspect', image]).catch(() => docker(['pull', '--quiet', image]));
  const startedMs = performance.now();
  const container = await docker(['run', '--detach', ...CONFINED, ...settings, image]);
  const ask = async (given, body) =>
    JSON.parse(await docker(['exec', '--interactive', container, ...askCommand, ...given], body));
  try {
    await within(ask([]), container);
    const startMs = Math.round(performance.now() - startedMs);
    if (request) await answered(ask, request);
    const status = await docker(['exec', container, 'cat', '/proc/1/status']);
    return { startMs, peakBytes: Number(/VmHWM:\s+(\d+) kB/.exec(status)?.[1]) * 1024 };
  } catch (error) {
    throw new Error(`the image does not serve its model: ${await said(container, error)}`);
  } finally {
    await docker(['rm', '--force', '--volumes', container]);
  }
}

/** A container that is killed ends what runs in it. */
async function within(waiting, container) {
  let isLate = false;
  const kill = () => {
    isLate = true;
    docker(['kill', container]).catch(() => undefined);
  };
  const timer = setTimeout(kill, MOST_SECONDS * 1000);
  try {
    await waiting;
  } catch (error) {
    throw isLate ? new Error(`it was not ready after ${MOST_SECONDS} s`) : error;
  } finally {
    clearTimeout(timer);
  }
}

async function answered(ask, { protocol, body }) {
  const path = protocol === 'infer' ? `/v2/models/${NAME}/infer` : '/invocations';
  const answer = await ask([path], JSON.stringify(body));
  if (answer.status === 200) return;
  throw new Error(`it answered ${answer.status} to a request: ${answer.body.slice(0, 2000)}`);
}

// 128 + SIGKILL: how what runs in a container ends when its server does.
const KILLED = 137;

/** A server that has ended said why. */
async function said(container, error) {
  if (error.exitCode === KILLED) await docker(['wait', container]);
  const isRunning = await docker(['inspect', '--format', '{{.State.Running}}', container]);
  if (isRunning === 'true') return error.message;
  const { out, said: trouble } = await dockerBoth(['logs', '--tail', '20', container]);
  return trouble || out || error.message;
}
