import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';

// Reads the living process groups, a line per change, until this process ends in whatever way; then kills them.
const SCRIPT = `
trap '' HUP INT TERM
while read -r line; do groups=$line; done
[ -z "$groups" ] || kill -s KILL -- $groups
`;

export type OrphanGuard = {
  /** Ends this process group when Slipway dies, unless the returned function was called. */
  watch(pid: number): () => void;
  close(): Promise<void>;
};

/**
 * A shell that outlives Slipway, even after `kill -9`, and then ends the remaining model servers.
 * Servers end themselves when their channel closes, unless they are busy: a loop that never yields does not notice.
 */
export function orphanGuard(): OrphanGuard {
  const groups = new Set<number>();
  let shell: ChildProcess | undefined;

  function tell(): void {
    shell ??= startShell();
    shell.stdin?.write(`${[...groups].map((pid) => -pid).join(' ')}\n`);
  }

  return {
    watch(pid) {
      groups.add(pid);
      tell();
      return () => {
        groups.delete(pid);
        tell();
      };
    },
    async close() {
      if (!shell || shell.exitCode !== null || shell.signalCode !== null) return;
      shell.ref();
      shell.stdin?.end();
      await once(shell, 'exit');
    },
  };
}

function startShell(): ChildProcess {
  const shell = spawn('/bin/sh', ['-c', SCRIPT], {
    stdio: ['pipe', 'ignore', 'ignore'],
    detached: true,
    env: {},
  });
  // Without a shell, or if it is killed, only the closing channel is left.
  shell.on('error', () => undefined);
  shell.stdin?.on('error', () => undefined);
  shell.unref();
  return shell;
}
