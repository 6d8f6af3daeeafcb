import { execFile } from 'node:child_process';
import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

const ROOT = join(import.meta.dirname, '../..');
const FILES = ['onnx', 'python', 'custom'].map((name) => `runtimes/${name}/Dockerfile`);

describe('the images that are pinned', () => {
  // One machine uses the image that its Docker has by that tag, also without a network.
  it('have the web adapter by a digest in the template, and by the same tag in each Dockerfile', async () => {
    const texts = await Promise.all(
      ['serverless.yml', ...FILES].map((name) => readFile(join(ROOT, name), 'utf8')),
    );
    const found = texts.map((text) =>
      text
        .match(/\S*aws-lambda-adapter:\S+/)?.[0]
        .split('=')
        .at(-1),
    );

    const [pinned = '', ...tags] = found;
    expect(new Set(tags)).toEqual(new Set([pinned.split('@')[0]]));
    expect(pinned).toMatch(
      /^public\.ecr\.aws\/awsguru\/aws-lambda-adapter:[\d.]+@sha256:[0-9a-f]{64}$/,
    );
  });

  it('are renewed by the digests that their registry has now, and stay where it does not answer', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'slipway-renew-'));
    try {
      const file = join(folder, 'Dockerfile');
      const old = `FROM registry.example/team/base:1@sha256:${'a'.repeat(64)}\nFROM scratch\n`;
      const docker = async (body: string) => {
        await writeFile(join(folder, 'docker'), `#!/bin/sh\n${body}\n`);
        await chmod(join(folder, 'docker'), 0o755);
        const env = { ...process.env, PATH: `${folder}:${process.env['PATH']}` };
        await writeFile(file, old);
        const ended = promisify(execFile)(join(ROOT, '.ci/renew-images'), [file], { env });
        return ended.then(
          () => readFile(file, 'utf8'),
          async () => `failed: ${await readFile(file, 'utf8')}`,
        );
      };

      expect(await docker(`echo sha256:${'b'.repeat(64)}`)).toBe(
        old.replaceAll('a'.repeat(64), 'b'.repeat(64)),
      );
      expect(await docker('exit 1')).toBe(`failed: ${old}`);
      expect(await docker('echo denied')).toBe(`failed: ${old}`);
    } finally {
      await rm(folder, { recursive: true });
    }
  });
});
