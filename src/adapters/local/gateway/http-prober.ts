import { request } from 'undici';
import { bytesOf, pathOf, sentBody } from '#domain/rollout/golden-request.ts';
import { PROBE_ID, type ProbeAnswer, type Prober } from '#ports/prober.ts';
import { PROBE_HEADER, WAITED_HEADER } from './probe-mark.ts';

const MAX_BODY_BYTES = 10_000_000;

type Options = NonNullable<Parameters<typeof request>[1]>;

/** A gateway's address, and the mark by which it tells probes from what clients ask. */
type Place = { readonly origin: string; readonly probeMark: string };

/** Probes through the gateway at `origin`, so that a probe takes the same path as a client's request. */
export function httpProber({ origin, probeMark }: Place): Prober {
  const mark = { [PROBE_HEADER]: probeMark, 'x-request-id': PROBE_ID };
  return {
    send(address, model, golden, timeoutMs) {
      const sent = sentBody(golden);
      return ask(
        `${origin}${address}${pathOf(golden, model)}`,
        {
          method: 'POST',
          headers: { 'content-type': sent.contentType, ...mark },
          body: bytesOf(sent),
        },
        timeoutMs,
      );
    },
    ready: (address, path, timeoutMs) =>
      ask(`${origin}${address}${path}`, { method: 'GET', headers: mark }, timeoutMs),
  };
}

async function ask(url: string, options: Options, timeoutMs: number): Promise<ProbeAnswer> {
  const startedAt = performance.now();
  const signal = AbortSignal.timeout(timeoutMs);
  try {
    const { statusCode, headers, body } = await request(url, { ...options, signal });
    const text = await readText(body);
    if (text === undefined) {
      return { kind: 'none', reason: `the body of its answer is over ${MAX_BODY_BYTES / 1e6} MB` };
    }
    const revision = headers['x-slipway-revision'];
    return {
      kind: 'answer',
      status: statusCode,
      body: text,
      revision: typeof revision === 'string' ? revision : null,
      latencyMs: Math.max(0, performance.now() - startedAt - Number(headers[WAITED_HEADER] ?? 0)),
    };
  } catch (error) {
    if (signal.aborted) return { kind: 'none', reason: `no answer within ${timeoutMs} ms` };
    return { kind: 'none', reason: error instanceof Error ? error.message : String(error) };
  }
}

async function readText(body: AsyncIterable<Buffer>): Promise<string | undefined> {
  const chunks: Buffer[] = [];
  let sizeBytes = 0;
  for await (const chunk of body) {
    sizeBytes += chunk.length;
    if (sizeBytes > MAX_BODY_BYTES) return undefined;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString();
}
