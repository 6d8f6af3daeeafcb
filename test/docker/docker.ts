import { readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { containerLabel } from '#adapters/local/servers/container-servers.ts';
import { run } from '../support/local/commands.ts';
import { temporaryFolder } from '../support/slipway/running.ts';

const TOOLS = process.env['SLIPWAY_TOOLS'] ?? join(homedir(), '.cache/slipway-tools');

export const CRANE = join(TOOLS, 'crane-0.20.6/bin/crane');
export const EMULATOR = join(TOOLS, 'aws-lambda-rie-bef5c4ba774d/bin/aws-lambda-rie');
export const WEB_ADAPTER_IMAGE = 'public.ecr.aws/awsguru/aws-lambda-adapter:1.0.1';

/** Lambda runs an image as a user that the image does not know. */
export const LAMBDA_USER = '993:990';

export const ADAPTER = join(TOOLS, 'lambda-web-adapter-0.9.1');

const { HOME = '', DOCKER_HOST } = process.env;
const ENVIRONMENT = { HOME, ...(DOCKER_HOST && { DOCKER_HOST }) };

/** Returns the program's output; throws when it fails. */
export async function output(program: string, ...args: readonly string[]): Promise<string> {
  return outputOf(program, args, '');
}

export const docker = (...args: readonly string[]) => output('docker', ...args);

async function outputOf(program: string, args: readonly string[], input: string): Promise<string> {
  const { code, out, err } = await run(program, args, input, ENVIRONMENT);
  if (code === 0) return out.trim();
  throw new Error(`${program} ${args.join(' ')} ended with ${code}: ${err}`);
}

/** Builds an image of a Dockerfile that needs no files, and pushes it. */
export async function built(name: string, dockerfile: string): Promise<void> {
  await outputOf('docker', ['build', '--quiet', '--tag', name, '-'], dockerfile);
  await docker('push', '--quiet', name);
}

/** Gives the adapter that cargo built the name of its public image, and answers its version. */
export async function makeWebAdapterImage(): Promise<string> {
  const dockerfile = 'FROM scratch\nCOPY lambda-adapter /lambda-adapter\n';
  const args = [
    'build',
    '--quiet',
    '--tag',
    WEB_ADAPTER_IMAGE,
    '--file',
    '-',
    join(ADAPTER, 'bin'),
  ];
  await outputOf('docker', args, dockerfile);
  return readFileSync(join(ADAPTER, '.crates.toml'), 'utf8').match(/adapter (\S+)/)?.[1] ?? '';
}

export type Container = {
  readonly id: string;
  /** The address at which the host reaches its port. */
  origin(port: number): Promise<string>;
  logs(): Promise<string>;
  /** Answers its exit code once it has ended by itself. */
  ended(): Promise<number>;
};

const started: string[] = [];

/** Starts an image as Lambda would: nothing but /tmp can be written to, no shared memory, no privileges, 512 MiB. */
export async function startContainer(args: readonly string[]): Promise<Container> {
  const limits =
    '--read-only --tmpfs /tmp:rw,size=512m --ipc none --memory 512m --memory-swap 512m --cpus 1 --cap-drop ALL --security-opt no-new-privileges';
  const id = await docker('run', '--detach', ...limits.split(' '), ...args);
  started.push(id);
  return {
    id,
    origin: async (port) => `http://${await docker('port', id, `${port}/tcp`)}`,
    async logs() {
      const { out, err } = await run('docker', ['logs', id], '', ENVIRONMENT);
      return out + err;
    },
    ended: async () => Number(await docker('wait', id)),
  };
}

export async function removeContainers(): Promise<void> {
  if (started.length > 0) await docker('rm', '--force', ...started.splice(0));
}

const labels: string[] = [];

/** A data folder for Slipway. Also removes the containers of a killed Slipway, which its next start would remove: these tests have no next start. */
export async function dockerFolder(): ReturnType<typeof temporaryFolder> {
  const { path, [Symbol.asyncDispose]: remove } = await temporaryFolder();
  const label = containerLabel(path);
  labels.push(label);
  return {
    path,
    async [Symbol.asyncDispose]() {
      await removeAll('rm', docker('ps', '--all', '--quiet', '--filter', `label=${label}`));
      await remove();
    },
  };
}

/** The images of models and environments in all of these folders. */
export async function removeImages(): Promise<void> {
  for (const label of labels.splice(0)) {
    await removeAll('rmi', docker('images', '--quiet', '--filter', `label=${label}`));
  }
}

/** The images that were pulled from a registry. */
export async function removeImagesFrom(host: string): Promise<void> {
  await removeAll('rmi', docker('images', '--quiet', `${host}/*/*`));
}

async function removeAll(how: 'rm' | 'rmi', listed: Promise<string>): Promise<void> {
  const ids = new Set((await listed).split('\n').filter(Boolean));
  if (ids.size > 0) await docker(how, '--force', ...ids);
}
