import { onPython } from '../python-runtime.ts';
import { type PythonSnippets, pythonSnippets } from '../python-snippets.ts';
import type { Runtime } from '../runtime.ts';

await onPython(describeInt8);

/** An encoder that says no more than it is for, and a batch of its texts. */
const ENCODER = `
import json
import numpy as np
from types import SimpleNamespace as Of
from slipway_server.conversion.golden_texts import golden_texts
from slipway_server.conversion.int8 import judged

class Tensor:
    def __init__(self, values): self.values = np.array(values)
    def numpy(self): return self.values
    def __len__(self): return len(self.values)

def encoder(task, problem=None):
    return Of(said=Of(task=task), network=Of(config=Of(problem_type=problem)), tokenizer=Of(mask_token_id=9))

def told(task, expected, found, problem=None, ids=None, mask=None):
    count = len(expected[0])
    tokens = {"input_ids": Tensor(ids or [[1]] * count), "attention_mask": Tensor(mask or [[1]] * count)}
    kept, reason = judged(encoder(task, problem), [(tokens, [np.array(each, float) for each in expected])], [[np.array(each, float) for each in found]])
    print(json.dumps([bool(kept), reason]))
`;

function describeInt8(runtime: Runtime): void {
  let python: PythonSnippets;
  beforeAll(() => {
    python = pythonSnippets(runtime);
  });
  afterAll(() => python.close());

  const told = (code: string) => python.said(ENCODER + code);

  it('golden texts are two hundred, always the same, and none twice', async () => {
    const [count, different, longest] = await python.said(
      `${ENCODER}texts = golden_texts(); print(json.dumps([len(texts), len(set(texts)), max(len(text.split()) for text in texts)]))`,
    );

    expect([count, different]).toEqual([200, 200]);
    expect(longest).toBeGreaterThan(60);
  });

  it('weights in int8 are kept where the labels of texts are, whatever their scores', async () => {
    expect(
      await told('told("text-classification", [[[1, 2], [3, 0]]], [[[1, 9], [4, 1]]])'),
    ).toEqual([true, expect.stringContaining('2 of 2 answers to 2 golden texts are the same')]);
  });

  it.each([
    {
      what: 'another label',
      code: 'told("text-classification", [[[1, 2], [3, 0]]], [[[2, 1], [4, 1]]])',
    },
    {
      what: 'one of several labels',
      code: 'told("text-classification", [[[1, -2], [3, 1]]], [[[1, 2], [3, 1]]], "multi_label_classification")',
    },
    {
      what: 'a score that is no label',
      code: 'told("text-classification", [[[4.0], [0.1]]], [[[4.0], [0.3]]])',
    },
    {
      what: 'the label of a token',
      code: 'told("token-classification", [[[[1, 2], [2, 1]]]], [[[[2, 1], [2, 1]]]], ids=[[1, 2]], mask=[[1, 1]])',
    },
    {
      what: 'the end of an answer',
      code: 'told("question-answering", [[[1, 2]], [[1, 2]]], [[[1, 2]], [[2, 1]]], ids=[[1, 2]], mask=[[1, 1]])',
    },
    {
      what: 'the masked word',
      code: 'told("fill-mask", [[[[1, 2], [2, 1]]]], [[[[1, 2], [1, 2]]]], ids=[[1, 9]], mask=[[1, 1]])',
    },
  ])('they are not where $what is another', async ({ code }) => {
    const [kept, reason] = await told(code);

    expect(kept).toBe(false);
    expect(reason).toContain('at least 99% are kept');
  });

  it.each([
    {
      what: 'padding',
      code: 'told("token-classification", [[[[1, 2], [2, 1]]]], [[[[1, 2], [1, 2]]]], ids=[[1, 0]], mask=[[1, 0]])',
    },
    {
      what: 'words that are not masked',
      code: 'told("fill-mask", [[[[1, 2], [2, 1]]]], [[[[2, 1], [2, 1]]]], ids=[[1, 9]], mask=[[1, 1]])',
    },
  ])('$what is not compared', async ({ code }) => {
    expect((await told(code))[0]).toBe(true);
  });
}
