import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { promisify } from 'node:util';
import { storageFailure } from '#adapters/local/registry/storage-failure.ts';
import { Failure } from '#domain/failure.ts';
import type { ServiceFiles } from './unit.ts';

/** Where the files of the service belong. */
export const SERVICE_PATHS = {
  unit: '/etc/systemd/system/slipway.service',
  sysusers: '/etc/sysusers.d/slipway.conf',
} as const;

/**
 * Writes the unit, makes its user and has systemd read the unit; it starts nothing.
 * Fails with `InputInvalid` where systemd does not run this machine, with `PlatformDenied` for anybody but root, and with `PlatformUnavailable` where systemd refuses.
 */
export async function installService({ unit, sysusers }: ServiceFiles): Promise<void> {
  if (!existsSync('/run/systemd/system')) {
    throw new Failure('InputInvalid', 'systemd does not run this machine', {
      fix: 'Use --print, and write a service for what does; or see docs/server.md for a container.',
    });
  }
  if (process.getuid?.() !== 0) {
    throw new Failure('PlatformDenied', 'only root may install a service', {
      fix: 'Run it with sudo, or look at the unit with --print.',
    });
  }
  await put(SERVICE_PATHS.sysusers, sysusers);
  await put(SERVICE_PATHS.unit, unit);
  await run('systemd-sysusers', SERVICE_PATHS.sysusers);
  await run('systemctl', 'daemon-reload');
}

async function put(path: string, text: string): Promise<void> {
  try {
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, text, { mode: 0o644 });
  } catch (error) {
    throw storageFailure(error, path);
  }
}

async function run(program: string, ...args: readonly string[]): Promise<void> {
  try {
    await promisify(execFile)(program, args);
  } catch (cause) {
    throw new Failure('PlatformUnavailable', `${[program, ...args].join(' ')}: ${cause}`, {
      cause,
    });
  }
}
