import { spawnSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { eventually } from '../support/clock/eventually.ts';
import { addConstantModel } from '../support/models/onnx.ts';
import { REQUEST } from '../support/slipway/clients.ts';
import { freePort } from '../support/stack/free-port.ts';
import { docker } from './docker.ts';

const ROOT = join(import.meta.dirname, '../..');
const IMAGE = `slipway-${randomUUID()}`;
const LIBRARY = 'public.ecr.aws/docker/library';

type Service = {
  readonly command: readonly string[];
  readonly ports: readonly string[];
  readonly volumes: readonly string[];
  readonly tmpfs: readonly string[];
  readonly cap_drop: readonly string[];
  readonly security_opt: readonly string[];
  readonly init: boolean;
  readonly read_only: boolean;
};

const { slipway: service } = parse(readFileSync(join(ROOT, 'deploy/compose.yaml'), 'utf8'))
  .services as { slipway: Service };

beforeAll(async () => {
  const { SSL_CERT_FILE } = process.env;
  await docker(
    ...['build', '--quiet', '--file', join(ROOT, 'deploy/Dockerfile'), '--tag', IMAGE],
    // Named by tags: a machine that cannot pull has images of its own by these names.
    ...['--build-arg', `NODE_IMAGE=${LIBRARY}/node:24-bookworm-slim`],
    ...['--build-arg', `PYTHON_IMAGE=${LIBRARY}/python:3.13-slim-trixie`],
    ...(SSL_CERT_FILE ? ['--secret', `id=ca,src=${SSL_CERT_FILE}`] : []),
    ROOT,
  );
});
afterAll(async () => {
  await docker('rm', '--force', IMAGE);
  await docker('volume', 'rm', '--force', IMAGE);
  await docker('image', 'rm', IMAGE);
});

/** Starts the container as compose does from the file, which this engine may not have. */
async function start(port: number, ...command: readonly string[]): Promise<void> {
  const { tmpfs, cap_drop, security_opt, init, read_only, volumes } = service;
  await docker(
    ...['run', '--detach', '--name', IMAGE],
    ...(init ? ['--init'] : []),
    ...(read_only ? ['--read-only'] : []),
    ...tmpfs.flatMap((folder) => ['--tmpfs', folder]),
    ...cap_drop.flatMap((capability) => ['--cap-drop', capability]),
    ...security_opt.flatMap((option) => ['--security-opt', option]),
    ...volumes.flatMap((volume) => ['--volume', volume.replace(/^data:/, `${IMAGE}:`)]),
    ...service.ports.flatMap((published) => [
      '--publish',
      published.replace(/:8083:/, `:${port}:`),
    ]),
    IMAGE,
    ...command,
  );
  await eventually(async () => (await docker('logs', IMAGE)).includes('serving'));
}

const inside = (...args: readonly string[]) => docker('exec', IMAGE, 'slipway', ...args);

function put(path: string, bytes: Uint8Array): void {
  const { status, stderr } = spawnSync(
    'docker',
    ['exec', '--interactive', IMAGE, 'sh', '-c', `cat > ${path}`],
    { input: bytes },
  );
  if (status !== 0) throw new Error(String(stderr));
}

it('serves a team in a container with nothing but its volume, over a restart', async () => {
  const port = await freePort();
  await start(port, 'start');
  const { key } = JSON.parse(
    await inside('keys', 'create', 'app', '--models', 'team-a-*', '--calls', '--json'),
  );
  const walls = /walls +(.+)/.exec(await docker('logs', IMAGE))?.[1];
  await docker('rm', '--force', IMAGE);

  await start(port, ...service.command);
  put('/tmp/adder.onnx', addConstantModel({ constant: 10 }));
  await inside('push', '/tmp/adder.onnx', '--name', 'team-a-adder');
  const call = (headers: Record<string, string>) =>
    fetch(`http://127.0.0.1:${port}/models/team-a-adder/v2/models/team-a-adder/infer`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body: JSON.stringify(REQUEST),
    });
  const answer = await call({ 'x-api-key': key });

  expect(walls).toMatch(/Landlock \d+, seccomp/);
  expect(await answer.json()).toMatchObject({ outputs: [{ data: [11, 12] }] });
  expect((await call({})).status).toBe(401);
  expect(await docker('exec', IMAGE, 'id', '--user')).not.toBe('0');
  await docker('restart', IMAGE);
  await eventually(() =>
    call({ 'x-api-key': key }).then(
      ({ status }) => status === 200,
      () => false,
    ),
  );
  const [{ ExitCode }] = JSON.parse(
    await docker('inspect', '--format', '[{{json .State}}]', IMAGE),
  );
  expect(ExitCode).toBe(0);
});
