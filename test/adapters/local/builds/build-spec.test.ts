import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { readBuildSpec } from '#adapters/local/builds/build-spec.ts';

const SHIPPED = fileURLToPath(new URL('../../../../buildspecs/image.yml', import.meta.url));

describe('a buildspec', () => {
  const root = mkdtempSync(join(tmpdir(), 'slipway-spec-'));
  afterAll(() => rmSync(root, { recursive: true }));

  const read = (text: string) => {
    const path = join(root, 'buildspec.yml');
    writeFileSync(path, text);
    return readBuildSpec(path);
  };
  const env = 'env: { shell: bash, exported-variables: [A] }';
  const build = 'phases: { build: { commands: [make] } }';

  it('is read whole as it ships', async () => {
    const { env: shipped, phases } = await readBuildSpec(SHIPPED);

    expect(shipped['exported-variables']).toEqual(['BUILT']);
    expect(Object.keys(phases)).toEqual(['pre_build', 'build']);
  });

  it.each([
    ['run-as', `version: 0.2\nrun-as: root\n${env}\n${build}`],
    ['artifacts', `version: 0.2\nartifacts: { files: [a] }\n${env}\n${build}`],
    ['finally', `version: 0.2\n${env}\nphases: { build: { commands: [make], finally: [rm] } }`],
    ['on-failure', `version: 0.2\n${env}\nphases: { build: { commands: [a], on-failure: ABORT } }`],
    ['deploy', `version: 0.2\n${env}\nphases: { deploy: { commands: [make] } }`],
    ['version', `version: 0.1\n${env}\n${build}`],
    ['shell', `version: 0.2\nenv: { shell: sh, exported-variables: [A] }\n${build}`],
    ['commands', `version: 0.2\n${env}\nphases: { build: { commands: [] } }`],
  ])('is refused for what a build here would leave out: %s', async (key, text) => {
    await expect(read(text)).rejects.toMatchObject({
      name: 'InputInvalid',
      message: expect.stringContaining(key),
    });
  });
});
