// Sends requests to this container's own server, for a build's smoke test: without a network it cannot be reached from outside.
// `ask` waits until it is ready; `ask PATH [TIMES [AT_ONCE]]` posts standard input, so many times, one after another or so many at once. Both print {status, body} of the last answer.
// A post also prints the `times` (ms) of the answers, `tookMs`, the time of all, and `cpuMs`, the CPU time of the container for them, null where its cgroup does not show it.
import { readFile } from 'node:fs/promises';
import { text } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';

const POLL_MS = 25;
const origin = `http://127.0.0.1:${process.env['PORT'] ?? '8080'}`;
const [, , path, times = '1', atOnce = '1'] = process.argv;

const answer =
  path === undefined ? await ready() : await posted(path, Number(times), Number(atOnce));
process.stdout.write(JSON.stringify(answer));

/** The caller sets the time limit; when the server ends, so does this process. */
async function ready() {
  for (;;) {
    const answer = await fetch(`${origin}/ping`).catch(() => undefined);
    if (answer?.ok) return { status: answer.status, body: await answer.text() };
    await answer?.body?.cancel();
    await sleep(POLL_MS);
  }
}

/** Stops at the first answer that is not a success. */
async function posted(to: string, most: number, atOnce: number) {
  const request = await text(process.stdin);
  const headers = { 'content-type': 'application/json' };
  const took: number[] = [];
  let last = { status: 200, body: '' };
  let begun = 0;
  const client = async () => {
    while (begun < most && last.status === 200) {
      begun += 1;
      const beganMs = performance.now();
      const answer = await fetch(origin + to, { method: 'POST', headers, body: request });
      const body = await answer.text();
      took.push(performance.now() - beganMs);
      if (last.status === 200) last = { status: answer.status, body };
    }
  };
  const beganCpuMs = await cpuMs();
  const beganMs = performance.now();
  await Promise.all(Array.from({ length: atOnce }, client));
  const tookMs = performance.now() - beganMs;
  const endedCpuMs = await cpuMs();
  const spent = beganCpuMs === null || endedCpuMs === null ? null : endedCpuMs - beganCpuMs;
  return { ...last, times: took, tookMs, cpuMs: spent };
}

/** Version 2 of cgroups alone shows a container its own. https://docs.kernel.org/admin-guide/cgroup-v2.html#cpu-interface-files */
async function cpuMs(): Promise<number | null> {
  const stat = await readFile('/sys/fs/cgroup/cpu.stat', 'utf8').catch(() => '');
  const micros = /^usage_usec (\d+)$/m.exec(stat)?.[1];
  return micros === undefined ? null : Number(micros) / 1000;
}
