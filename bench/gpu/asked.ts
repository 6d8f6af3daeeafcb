// Requests to vLLM's completions.
import { createInterface } from 'node:readline';
import { Readable } from 'node:stream';

export type Streamed = {
  readonly tokens: readonly number[];
  readonly firstMs: number;
  readonly perSecond: number;
};

/** Greedy tokens, streamed; fails where the server does not answer 200, or ends before it has written so many. */
export async function streamed(
  origin: string,
  body: { readonly model: string; readonly prompt: readonly number[]; readonly max_tokens: number },
): Promise<Streamed> {
  const beganMs = performance.now();
  const wanted = {
    ...{ temperature: 0, ignore_eos: true, stream: true },
    // Tokens by their numbers.
    ...{ logprobs: 0, return_tokens_as_token_ids: true },
  };
  const response = await fetch(`${origin}/v1/completions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ ...body, ...wanted }),
  });
  if (!response.ok || !response.body) {
    throw new Error(`vLLM answered ${response.status}: ${await response.text()}`);
  }
  const tokens: number[] = [];
  let [firstMs, lastMs] = [0, 0];
  for await (const line of createInterface(Readable.fromWeb(response.body))) {
    if (!line.startsWith('data: {')) continue;
    const [choice] = JSON.parse(line.slice('data: '.length)).choices ?? [];
    const told: readonly string[] = choice?.logprobs?.tokens ?? [];
    if (told.length === 0) continue;
    tokens.push(...told.map((token) => Number(token.replace('token_id:', ''))));
    lastMs = performance.now();
    firstMs ||= lastMs - beganMs;
  }
  if (tokens.length !== body.max_tokens) {
    throw new Error(`vLLM wrote ${tokens.length} of ${body.max_tokens} tokens`);
  }
  const perSecond = ((tokens.length - 1) * 1000) / (lastMs - beganMs - firstMs);
  return { tokens, firstMs, perSecond };
}
