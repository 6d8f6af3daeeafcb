import { chatTemplates } from '#formats/huggingface/chat-template.ts';

const REFUSED = { name: 'ArtifactRejected' };

const has = async (template: string) =>
  (await chatTemplates([], '', { chat_template: template })).size > 0;

describe('a chat template', () => {
  it.each([
    ['**Think** before you answer. {{ messages[0].content }} 2 ** 3, __init__, 12345678'],
    ['{{ \'**Bold**, def __init__(self): 12345678\' }}{% set a = "it\'s ** \\" __x__ |attr" %}'],
    ["{% if 'x' in {'a': {'b': 1}} %}** {{- '**' ~ message['content'] ~ '**' }}{% endif %}"],
    ['{# 2 ** 99, cycler.__init__ #}{{ bos_token }}'],
    ['{{ unclosed'],
  ])('may say anything: %s', async (template) => {
    expect(await has(template)).toBe(true);
  });

  it.each([
    ['{{ 9 ** 9 }}'],
    ["{{ 'it\\'s' ~ 9**9 }}"],
    ["{{ {'a': {'b': 1}}|attr('x') }}"],
    ["{{ ('}}' ~ x)|attr('x') }}"],
    ["{% set x = cycler['__init__'] %}"],
    ['{%- set x = cycler.__init__ -%}'],
    ['{% for i in range(9999999) %}{% endfor %}'],
    ['{{ a }} {{ cycler.__init__'],
  ])('is refused where it reaches for more than a conversation needs: %s', async (template) => {
    await expect(has(template)).rejects.toMatchObject(REFUSED);
  });

  it('is read in no more time than its length', async () => {
    expect(await has('{{'.repeat(200_000))).toBe(true);
  });
});
