import { createHash } from 'node:crypto';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { COMMANDS, run } from '../../support/commands.ts';

describe('reading a manifest', () => {
  const layer = (kind: string) => ({
    mediaType: `application/vnd.docker.image.rootfs.diff.tar${kind}`,
    size: 100,
  });
  const read = (manifest: object) =>
    run(process.execPath, [join(COMMANDS, 'read-manifest.mjs')], `${JSON.stringify(manifest)}\n`);

  it('answers its digest, and the bytes of config and layers', async () => {
    const manifest = { config: { size: 11 }, layers: [layer('.gzip'), layer('+gzip')] };
    const { code, out } = await read(manifest);

    const digest = createHash('sha256')
      .update(`${JSON.stringify(manifest)}\n`)
      .digest('hex');
    expect(code).toBe(0);
    expect(out).toBe(`IMAGE_DIGEST=sha256:${digest}\nCOMPRESSED_BYTES=211\n`);
  });

  it.each([
    [
      'an index',
      { mediaType: 'application/vnd.oci.image.index.v1+json', manifests: [] },
      'the image is application/vnd.oci.image.index.v1+json',
    ],
    ['zstd', { config: { size: 1 }, layers: [layer('.gzip'), layer('+zstd')] }, 'tar+zstd'],
  ])('refuses %s, as Lambda does', async (_, manifest, reason) => {
    const { code, out, err } = await read(manifest);

    expect(code).toBe(1);
    expect(out).toBe('');
    expect(err).toContain(reason);
  });
});

describe('logging in to a registry', () => {
  let bin: string;
  beforeEach(() => {
    bin = mkdtempSync(join(tmpdir(), 'slipway-log-in-'));
    mkdirSync(join(bin, 'said'));
    for (const name of ['aws', 'docker']) {
      const program = join(bin, name);
      const body = `echo "$@" > ${bin}/said/${name}; [ ${name} = aws ] && echo password || cat >> ${bin}/said/${name}`;
      writeFileSync(program, `#!/bin/sh\n${body}\n`);
      chmodSync(program, 0o755);
    }
  });
  afterEach(() => rmSync(bin, { recursive: true }));

  const logIn = (repository: string) =>
    run('bash', [join(COMMANDS, 'log-in')], '', {
      PATH: `${bin}:${process.env['PATH']}`,
      REPOSITORY: repository,
    });
  const said = (name: string) => readFileSync(join(bin, 'said', name), 'utf8');

  it.each([
    ['111122223333.dkr.ecr.eu-west-1.amazonaws.com', 'eu-west-1'],
    ['111122223333.dkr.ecr.cn-north-1.amazonaws.com.cn', 'cn-north-1'],
  ])('asks ECR of the registry’s region for a password: %s', async (registry, region) => {
    const { code } = await logIn(`${registry}/slipway/models`);

    expect(code).toBe(0);
    expect(said('aws')).toBe(`ecr get-login-password --region ${region}\n`);
    expect(said('docker')).toBe(`login --username AWS --password-stdin ${registry}\npassword\n`);
  });

  it.each(['', '127.0.0.1:5000/models'])('asks nobody for %j', async (repository) => {
    const { code } = await logIn(repository);

    expect(code).toBe(0);
    expect(existsSync(join(bin, 'said', 'aws'))).toBe(false);
  });

  it('fails when ECR gives no password', async () => {
    writeFileSync(join(bin, 'aws'), '#!/bin/sh\necho denied >&2; exit 255\n');

    const { code, err } = await logIn('111122223333.dkr.ecr.eu-west-1.amazonaws.com/models');

    expect(code).not.toBe(0);
    expect(err).toContain('denied');
  });
});
