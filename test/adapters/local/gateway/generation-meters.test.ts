import { generationMeters } from '#adapters/local/gateway/generation-meters.ts';
import { expose } from '#adapters/local/metrics/exposition.ts';
import { fakeClock } from '../../../support/clock/fake-clock.ts';

const CHAT = { model: 'chat', revision: 'chat-v1' };
const text = async (meters: ReturnType<typeof generationMeters>, isThere = true) =>
  (await expose(meters.families({ placement: () => (isThere ? { target: 'lambda' } : undefined) })))
    .text;

describe('what language models have generated', () => {
  it('is counted by model and revision, with the time to the first token and the pace', async () => {
    const meters = generationMeters(fakeClock(0));
    meters.observe(CHAT, {
      tokensIn: 39,
      tokensOut: 12,
      firstTokenMs: 80,
      tokensPerSecond: 51,
    });
    meters.observe(CHAT, { tokensOut: 3 });

    const told = await text(meters);

    expect(told).toContain('slipway_prompt_tokens_total{model="chat",revision="chat-v1"} 39');
    expect(told).toContain('slipway_generation_tokens_total{model="chat",revision="chat-v1"} 15');
    expect(told).toMatch(/time_to_first_token_seconds_bucket\{le="0\.05",.*\} 0/);
    expect(told).toMatch(/time_to_first_token_seconds_bucket\{le="0\.1",.*\} 1/);
    expect(told).toMatch(/time_to_first_token_seconds_sum\{.*\} 0\.08/);
    expect(told).toMatch(/tokens_per_second_bucket\{le="50",.*\} 0/);
    expect(told).toMatch(/tokens_per_second_bucket\{le="75",.*\} 1/);
  });

  it('has a pace since a time, the mean of the answers', () => {
    const clock = fakeClock(1_000);
    const meters = generationMeters(clock);
    meters.observe(CHAT, { tokensOut: 9, tokensPerSecond: 90 });
    clock.advance(1_000);
    meters.observe(CHAT, { tokensOut: 9, tokensPerSecond: 20 });
    meters.observe(CHAT, { tokensOut: 9, tokensPerSecond: 40 });
    meters.observe(CHAT, { tokensOut: 1 });

    expect(meters.pace('chat-v1', 2_000)).toEqual({ answers: 2, tokensPerSecond: 30 });
    expect(meters.pace('chat-v1', 0)).toEqual({ answers: 3, tokensPerSecond: 50 });
    expect(meters.pace('chat-v2', 0)).toEqual({ answers: 0, tokensPerSecond: 0 });
  });

  it('is forgotten with the revision, and nothing is told where there is no language model', async () => {
    const meters = generationMeters(fakeClock(0));
    meters.observe(CHAT, { tokensOut: 3 });

    expect(await text(meters, false)).not.toContain('token');
    expect(await text(meters)).not.toContain('token');
  });
});
