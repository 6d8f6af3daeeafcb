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
import { COMMANDS, run } from '../../../support/local/commands.ts';

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

  const logIn = (repository: string, name = 'REPOSITORY') =>
    run('bash', [join(COMMANDS, 'log-in')], '', {
      PATH: `${bin}:${process.env['PATH']}`,
      [name]: repository,
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

  it('does so for the repository of environments, where a build has no other', async () => {
    const registry = '111122223333.dkr.ecr.eu-west-1.amazonaws.com';
    const { code } = await logIn(`${registry}/slipway/environments`, 'ENVIRONMENTS');

    expect(code).toBe(0);
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
