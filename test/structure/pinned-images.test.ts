import { execFile } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

const ROOT = join(import.meta.dirname, '../..');
const FILES = [
  ...readdirSync(join(ROOT, 'runtimes')).map((name) => `runtimes/${name}/Dockerfile`),
  '.devcontainer/Dockerfile',
  'deploy/Dockerfile',
];
const DIGEST = /@sha256:[0-9a-f]{64}$/;

// Its registry could not be asked, and no other file is known to have its digest: .ci/renew-images writes it.
const BY_TAG = ['public.ecr.aws/docker/library/python:3.9-slim-trixie'];
// Each build names them: `vllmImage` and a manifest's `runtime.image` are digests, and an image of a Dockerfile has just been built.
const GIVEN = ['VLLM_IMAGE', 'MODEL_IMAGE'];

describe('the images that are pinned', () => {
  it('have the web adapter by the same digest in the template and in each Dockerfile', async () => {
    const files = ['serverless.yml', ...FILES].map((name) => readFile(join(ROOT, name), 'utf8'));
    const found = (await Promise.all(files)).flatMap(
      (text) => text.match(/[^\s=]*aws-lambda-adapter:\S+/g) ?? [],
    );

    expect(found).toHaveLength(4);
    expect(new Set(found).size).toBe(1);
    expect(found[0]).toMatch(
      /^public\.ecr\.aws\/awsguru\/aws-lambda-adapter:[\d.]+@sha256:[0-9a-f]{64}$/,
    );
  });

  it.each(FILES)('are all that %s begins or copies from', async (file) => {
    const images = imagesOf(await readFile(join(ROOT, file), 'utf8'));

    expect(images.filter((image) => !DIGEST.test(image))).toEqual(
      file.includes('/python/') ? BY_TAG : [],
    );
  });

  it('would be missed in a FROM, a COPY and a mount', () => {
    const text = [
      'ARG KNOWN_IMAGE=a:1',
      'FROM --platform=linux/amd64 ${KNOWN_IMAGE} AS one',
      'FROM one AS two',
      'FROM scratch',
      'COPY --from=b:2 --chmod=755 /x /x',
      'COPY --from=two /x /x',
      'RUN --mount=type=cache,target=/c --mount=from=c:3,target=/m true',
    ];

    expect(imagesOf(text.join('\n'))).toEqual(['a:1', 'b:2', 'c:3']);
  });

  it('are renewed by the digests that their registry has now, and stay where it does not answer', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'slipway-renew-'));
    try {
      const file = join(folder, 'Dockerfile');
      const pinned = (letter: string) =>
        `FROM registry.example/team/base:1@sha256:${letter.repeat(64)}\nFROM scratch\n`;
      const old = `${pinned('a')}ARG ONE_IMAGE=registry.example/team/base:1\nARG TWO_IMAGE\n`;
      const renewed = `${pinned('b')}ARG ONE_IMAGE=registry.example/team/base:1@sha256:${'b'.repeat(64)}\nARG TWO_IMAGE\n`;
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

      expect(await docker(`echo sha256:${'b'.repeat(64)}`)).toBe(renewed);
      expect(await docker('exit 1')).toBe(`failed: ${old}`);
      expect(await docker('echo denied')).toBe(`failed: ${old}`);
    } finally {
      await rm(folder, { recursive: true });
    }
  });
});

/** The images of others that a Dockerfile begins or copies from: neither its own stages nor those that each build names. */
function imagesOf(dockerfile: string): readonly string[] {
  const named = new Map(
    [...dockerfile.matchAll(/^ARG ([A-Z0-9_]+)=(\S+)$/gm)].map(([, name = '', value = '']) => [
      name,
      value,
    ]),
  );
  const bases = [...dockerfile.matchAll(/^FROM (?:--\S+ )*(\S+)(?: AS (\S+))?/gm)];
  const stages = new Set(['scratch', ...bases.map(([, , stage]) => stage)]);
  const copied = [...dockerfile.matchAll(/(?:^COPY .*--from=|--mount=\S*\bfrom=)([^\s,]+)/gm)];
  return [...bases, ...copied]
    .map(([, image = '']) => image)
    .filter((image) => !stages.has(image) && !GIVEN.includes(image.replace(/^\$\{(\w+)\}$/, '$1')))
    .map((image) => image.replace(/\$\{(\w+)\}/g, (_, name: string) => named.get(name) ?? name))
    .filter((image) => !stages.has(image));
}
