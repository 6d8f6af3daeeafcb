import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { Failure } from '#domain/failure.ts';

const run = promisify(execFile);

// Longer than the engine takes for any command run here; builds and containers run separately.
const TIMEOUT_MS = 30_000;

/** The output of one docker command. Fails with `PlatformUnavailable` when docker is missing or refuses. */
export async function docker(...args: readonly string[]): Promise<string> {
  try {
    const { stdout } = await run('docker', args, { timeout: TIMEOUT_MS });
    return stdout.trim();
  } catch (cause) {
    throw new Failure('PlatformUnavailable', `docker ${args[0]}: ${reasonOf(cause)}`, {
      cause,
      fix: 'Start the Docker engine, or start Slipway with --engine process.',
    });
  }
}

function reasonOf(cause: unknown): string {
  if (!(cause instanceof Error)) return String(cause);
  if ('code' in cause && cause.code === 'ENOENT') return 'there is no docker on this machine';
  const said = 'stderr' in cause ? String(cause.stderr).trim() : '';
  return said || cause.message;
}
