import { onPython } from '../python-runtime.ts';
import { type PythonSnippets, pythonSnippets } from '../python-snippets.ts';
import type { Runtime } from '../runtime.ts';

const CALL = '{"name": "weather", "arguments": {"place": "Rome"}}';
const CALLED = { name: 'weather', arguments: '{"place": "Rome"}' };
const TAGGED = `<tool_call>${CALL}</tool_call>`;

await onPython(describeToolCalls);

function describeToolCalls(runtime: Runtime): void {
  let python: PythonSnippets;
  beforeAll(() => {
    python = pythonSnippets(runtime);
  });
  afterAll(() => python.close());

  /** The text that a client gets of an answer which comes in these pieces, the functions that it calls, and why it has ended. */
  const told = (template: string, pieces: readonly string[]) =>
    python.said(`
import json
from slipway_server.language.pieces import CallsApart
from slipway_server.language.tool_calls import form_of
told = []
apart = CallsApart(form_of(json.loads(${JSON.stringify(JSON.stringify(template))})), lambda choice: bool(told.append(choice)))
for piece in json.loads(${JSON.stringify(JSON.stringify(pieces))}):
    apart.tell({"text": piece, "logprobs": None, "finish_reason": None})
apart.tell({"text": "", "logprobs": None, "finish_reason": "stop"})
calls = [call["function"] for choice in told for call in choice.get("tool_calls", [])]
print(json.dumps({"text": "".join(choice["text"] for choice in told), "calls": calls, "reason": told[-1]["finish_reason"]}))
`);

  const [qwen, llama, mistral] = [
    'tools <tool_call> arguments',
    'tools "parameters" ipython',
    'tools [TOOL_CALLS] arguments',
  ];

  it.each([
    { what: 'a call between texts', template: qwen, text: `\n\nA ${TAGGED} B`, told: '\n\nA  B' },
    { what: 'a call alone', template: qwen, text: TAGGED, told: '' },
    {
      what: 'a call as a whole text',
      template: llama,
      text: CALL.replace('arguments', 'parameters'),
      told: '',
    },
    { what: 'a list of calls', template: mistral, text: ` [${CALL}]`, told: '' },
  ])(
    '$what is told apart from the text, however it comes',
    async ({ template, text, ...wanted }) => {
      const whole = await told(template, [text]);
      const streamed = await told(template, [...text]);

      expect(streamed).toEqual({ text: wanted.told, calls: [CALLED], reason: 'tool_calls' });
      expect(whole).toEqual(streamed);
    },
  );

  it.each([
    { what: 'a call that is no JSON', template: qwen, text: 'A <tool_call>{"name"</tool_call> B' },
    { what: 'brackets without an end', template: mistral, text: '['.repeat(100_000) },
    { what: 'JSON that calls nothing', template: llama, text: '{"a": 1}' },
    { what: 'the beginning of a tag', template: qwen, text: '1 <tool' },
  ])('$what stays text', async ({ template, text }) => {
    expect(await told(template, [text])).toEqual({ text, calls: [], reason: 'stop' });
  });
}
