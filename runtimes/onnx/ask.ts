// Sends requests to this container's own server, for a build's smoke test: without a network it cannot be reached from outside.
// `ask` waits until it is ready; `ask PATH` posts standard input. Both print {status, body}.
import { text } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';

const POLL_MS = 25;
const origin = `http://127.0.0.1:${process.env['PORT'] ?? '8080'}`;
const [, , path] = process.argv;

const answer = path === undefined ? await ready() : await post(path);
process.stdout.write(JSON.stringify({ status: answer.status, body: await answer.text() }));

/** The caller sets the time limit; when the server ends, so does this process. */
async function ready(): Promise<Response> {
  for (;;) {
    const answer = await fetch(`${origin}/ping`).catch(() => undefined);
    if (answer?.ok) return answer;
    await answer?.body?.cancel();
    await sleep(POLL_MS);
  }
}

async function post(to: string): Promise<Response> {
  const headers = { 'content-type': 'application/json' };
  return fetch(origin + to, { method: 'POST', headers, body: await text(process.stdin) });
}
