import { tinyLlama } from '../support/models/tiny-llama.ts';
import type { RunningSlipway } from '../support/slipway/running.ts';
import { describeOnOneMachine } from './right-answers.ts';

const MESSAGES = "{% for m in messages %}{{ m['content'] }}{% endfor %}";
const FOREVER =
  '{% for a in range(100000) %}{% for b in range(100000) %}{% for c in range(100000) %}{% endfor %}{% endfor %}{% endfor %}';

describeOnOneMachine('a chat template that runs away', (slipway) => {
  it.each([
    ['does not end', FOREVER, 'the chat template in its file does not end'],
    [
      'calls itself',
      '{% macro f(x) %}{{ f(x) }}{% endmacro %}{{ f(1) }}',
      'the file, or the chat template in it, is broken',
    ],
    ['is no template', '{% for a in %}', 'llama.cpp does not load the model'],
  ])('and %s is refused by the build, which says so', async (what, template, reason) => {
    const model = what.replaceAll(' ', '-');
    slipway().drop(`models/${model}/m.gguf`, tinyLlama({ chatTemplate: template + MESSAGES }));

    const { detail } = await slipway().ending(model, 1);

    expect(detail).toMatchObject({ state: 'Failed', reason: expect.stringContaining(reason) });
  });

  it('for one conversation alone ends its server, and the next request is answered by another', async () => {
    const template = `{% if messages[0]['content'] == 'never' %}${FOREVER}{% endif %}${MESSAGES}`;
    slipway().drop('models/chat/m.gguf', tinyLlama({ chatTemplate: template }));
    const { detail } = await slipway().ending('chat', 1);

    const lost = await chat(slipway(), 'never');
    const answered = await chat(slipway(), 'now');
    const logs = await slipway().command('logs', 'chat');

    expect(detail).toMatchObject({ state: 'Live' });
    expect(lost.status).toBe(502);
    expect(answered.status).toBe(200);
    expect(logs.out).toContain('a chat template took more than 3 s of CPU to render');
  });
});

function chat({ gateway }: RunningSlipway, content: string): Promise<Response> {
  return fetch(`${gateway}/models/chat/v1/chat/completions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ messages: [{ role: 'user', content }], max_tokens: 4 }),
  });
}
