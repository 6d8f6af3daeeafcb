import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { serviceFiles } from '#operations/service/unit.ts';
import { runCli } from '../../cli/run-cli.ts';
import { missingPrograms, needing } from '../../support/needs.ts';

const ABOUT = { node: '/usr/local/bin/node', script: '/opt/slipway/slipway.js', options: [] };

function lineOf(unit: string, name: string): string | undefined {
  return unit.split('\n').find((line) => line.startsWith(`${name}=`));
}

describe('the unit of the service', () => {
  it('starts Slipway as a user of its own, who owns the data folder alone', () => {
    const { unit, sysusers } = serviceFiles({ ...ABOUT, options: ['--host', '0.0.0.0'] });

    expect(lineOf(unit, 'ExecStart')).toBe(
      'ExecStart=/usr/local/bin/node /opt/slipway/slipway.js start --data /var/lib/slipway --host 0.0.0.0',
    );
    expect(lineOf(unit, 'User')).toBe('User=slipway');
    expect(lineOf(unit, 'StateDirectoryMode')).toBe('StateDirectoryMode=0700');
    expect(sysusers).toBe('u slipway - "Slipway" /var/lib/slipway /usr/sbin/nologin\n');
  });

  it('hands on each option as one word, whatever is in it', () => {
    const options = ['--webhook', 'https://a.example/?x=50%&y=$HOME', '--public-url', 'a "b" \\c'];
    const { unit } = serviceFiles({ ...ABOUT, options });

    expect(lineOf(unit, 'ExecStart')).toMatch(
      / --webhook "https:\/\/a\.example\/\?x=50%%&y=\$\$HOME" --public-url "a \\"b\\" \\\\c"$/,
    );
  });

  it.each(['a\nUser=root', 'a\rb', 'a\0b'])(
    'takes no option that breaks its line: %j',
    (option) => {
      expect(() => serviceFiles({ ...ABOUT, options: [option] })).toThrow('no unit can hold');
    },
  );

  it.each(['/home/alice/.nvm/node', '/root/slipway/slipway.js'])(
    'is refused for %s, which it could not read',
    (path) => {
      expect(() => serviceFiles({ ...ABOUT, script: path })).toThrow(
        'which the service cannot read',
      );
    },
  );

  it.each(['ProtectKernelTunables', 'MemoryDenyWriteExecute', 'ProcSubset'])(
    'has no %s, which takes walls from models or ends Node',
    (option) => {
      expect(lineOf(serviceFiles(ABOUT).unit, option)).toBeUndefined();
    },
  );
});

describe('slipway service install', () => {
  it.each([
    [['--host', 'nowhere'], '--host nowhere: expected an IP address'],
    [['--nope'], "unknown option '--nope'"],
    [['--host-control-port', '8084'], '--host-control-port is for other machines'],
    [['--data', '/srv'], 'the service has a data folder of its own'],
    [['--host', '::', '--tls-cert', 'a.pem', '--tls-key', 'b.pem'], 'a.pem is no absolute path'],
  ])('refuses what slipway start would: %j', async (options, message) => {
    const args = ['service', 'install', '--print', '--', ...options];
    const { code, stderr } = await runCli(args, process.env).result;

    expect(code).toBe(2);
    expect(stderr).toContain(message);
  });
});

const missing =
  missingPrograms('systemd-analyze') ??
  (execFileSync('systemd-analyze', ['--help'], { encoding: 'utf8' }).includes('--offline')
    ? undefined
    : 'systemd-analyze has no --offline, which came with systemd 250');

needing(missing, () => {
  describe('systemd', () => {
    let folder: string;
    let unit: string;
    beforeAll(() => {
      folder = mkdtempSync(join(tmpdir(), 'slipway-unit-'));
      unit = join(folder, 'slipway.service');
      // A program that is there: the rest of the line is not looked at.
      writeFileSync(unit, serviceFiles({ ...ABOUT, node: '/bin/sh' }).unit);
    });
    afterAll(() => rmSync(folder, { recursive: true }));

    it('reads the unit without a complaint', () => {
      const { status, stderr } = spawnSync('systemd-analyze', ['verify', unit], {
        encoding: 'utf8',
      });

      expect([status, stderr]).toEqual([0, '']);
    });

    it('finds the unit little exposed', () => {
      // The scale ends at 10; a unit without any hardening has 9.6.
      const args = ['security', '--offline=true', '--threshold=30', unit];
      const { status, stdout } = spawnSync('systemd-analyze', args, { encoding: 'utf8' });

      expect([status, stdout.split('\n').at(-2)]).toEqual([0, expect.stringContaining('OK')]);
    });
  });
});
