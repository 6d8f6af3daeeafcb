// Finds the processes that a run of the tests leaves behind. Each test works in folders below the run's own, which its processes name or work in.
import {
  chmodSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

const LOOK_MS = 100;
// A server whose parent is gone ends by itself, on a busy machine after seconds.
const MOST_LOOKS = 200;

/** Makes the temporary folder of a run, through which a process of another user that a test starts can pass. */
export function ownFolder() {
  const folder = mkdtempSync(join(tmpdir(), 'slipway-'));
  chmodSync(folder, 0o711);
  return folder;
}

/**
 * Ends the processes that a run has left behind: returns a line for each that was still there after 20 s, and kills it. Then removes the run's folder.
 * Without /proc, as on macOS, it cannot see processes and returns no lines.
 */
export async function tidy(folder) {
  let left = processesIn(folder);
  for (let looks = 1; left.length > 0 && looks < MOST_LOOKS; looks += 1) {
    await sleep(LOOK_MS);
    left = processesIn(folder);
  }
  const lines = left.map(({ pid, command }) => `${pid} ${command}`);
  for (const { pid } of left) killed(pid);
  rmSync(folder, { recursive: true, force: true, maxRetries: 3 });
  return lines;
}

/** The processes whose command, environment or working folder is in this folder; without this process, and without those that cannot be read. */
export function processesIn(folder) {
  if (!existsSync('/proc/self/environ')) return [];
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid)
    .map((name) => ({ pid: Number(name), ...about(name) }))
    .filter(({ texts }) => texts.some((text) => text.includes(folder)));
}

function about(pid) {
  const command = textOf(() => readFileSync(`/proc/${pid}/cmdline`, 'utf8'));
  const environment = textOf(() => readFileSync(`/proc/${pid}/environ`, 'utf8'));
  const cwd = textOf(() => readlinkSync(`/proc/${pid}/cwd`));
  return { command: command.replaceAll('\0', ' ').trim(), texts: [command, environment, cwd] };
}

// It may end, or become another user's, while it is looked at.
function textOf(read) {
  try {
    return read();
  } catch {
    return '';
  }
}

function killed(pid) {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It has just ended.
  }
}
