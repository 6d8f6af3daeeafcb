import { chmod, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { COMMANDS, run } from '../../../support/local/commands.ts';

describe('the build of a Dockerfile that came with an artifact', () => {
  let home: string;
  beforeEach(async () => {
    home = await mkdtemp(join(tmpdir(), 'slipway-without-login-'));
    const own = join(home, '.docker');
    await mkdir(join(own, 'cli-plugins'), { recursive: true });
    await writeFile(join(own, 'cli-plugins', 'docker-buildx'), 'plugin');
    const config = {
      auths: { '111122223333.dkr.ecr.eu-west-1.amazonaws.com': { auth: 'c2VjcmV0' } },
      credHelpers: { 'gcr.io': 'gcloud' },
      credsStore: 'desktop',
      currentContext: 'colima',
    };
    await writeFile(join(own, 'config.json'), JSON.stringify(config));
    // Prints the settings that Docker would read: a line for each build.
    const program = [
      '#!/bin/sh',
      'case "$*" in *buildx*)',
      `  { cat "\${DOCKER_CONFIG:-$HOME/.docker}/config.json"; echo; } >> ${home}/configs`,
      `  cat "\${DOCKER_CONFIG:-$HOME/.docker}/cli-plugins/docker-buildx" > ${home}/plugin`,
      `  echo "\${DOCKER_AUTH_CONFIG:-none}" >> ${home}/auth`,
      'esac',
    ];
    await writeFile(join(home, 'docker'), program.join('\n'));
    await chmod(join(home, 'docker'), 0o755);
  });
  afterEach(() => rm(home, { recursive: true }));

  async function build(): Promise<readonly Record<string, unknown>[]> {
    const module = pathToFileURL(join(COMMANDS, 'dockerfile-image.mjs'));
    const images = '{ built: (tag) => tag, keep: async () => ({}) }';
    const order = `{ images: ${images}, runtime: 'custom', wishes: {}, folder: '${home}', labels: {}, tag: 't' }`;
    const script = `import { dockerfileImage } from '${module}'; await dockerfileImage(${order});`;
    const { code, err } = await run('node', ['--input-type=module', '-e', script], '', {
      HOME: home,
      PATH: `${home}:${process.env['PATH']}`,
      DOCKER_AUTH_CONFIG: '{"auths": {}}',
    });
    if (code !== 0) throw new Error(err);
    const said = await readFile(join(home, 'configs'), 'utf8');
    return said
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
  }

  it('has no login to any registry, and Docker’s other settings and plugins', async () => {
    const [own] = await build();

    expect(own).toEqual({ currentContext: 'colima' });
    expect(await readFile(join(home, 'plugin'), 'utf8')).toBe('plugin');
    expect(await readFile(join(home, 'auth'), 'utf8')).toMatch(/^none\n/);
  });

  // ONBUILD lets an image determine which files are copied, and from which image, when another is built on it.
  it('has none either while Slipway’s own part is built on its image; the user’s stay', async () => {
    const [, ours] = await build();

    expect(ours).toEqual({ currentContext: 'colima' });
    const kept = await readFile(join(home, '.docker', 'config.json'), 'utf8');
    expect(JSON.parse(kept)).toHaveProperty('credsStore', 'desktop');
  });
});
