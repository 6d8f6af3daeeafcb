import { formsOf } from '../../../console/try/form.ts';
import { type Model, readModel } from '../../../console/try/model.ts';

type Tensor = readonly [name: string, datatype: string, shape: readonly number[]];

function modelOf(inputs: readonly Tensor[], example?: unknown, more: Partial<Model> = {}): Model {
  const specs = inputs.map(([name, datatype, shape]) => ({ name, datatype, shape }));
  return { ...readModel('m', { name: 'm', inputs: specs }, undefined, example), ...more };
}

function kindsOf(model: Model): readonly string[] {
  return formsOf(model).map(({ kind }) => kind);
}

const columnsIn = (model: Model) => {
  const form = formsOf(model).find(({ kind }) => kind === 'table');
  return form?.kind === 'table' ? form.columns : [];
};

describe('a model over named columns', () => {
  const inputs = [
    ['length', 'FP64', [-1]],
    ['rooms', 'INT64', [-1, 1]],
    ['district', 'BYTES', [-1]],
    ['has_lift', 'BOOL', [-1]],
  ] as const;

  it.each([
    {
      inputs: {
        length: [5.1, 4],
        rooms: [[3], [2]],
        district: ['Mitte', 'Nord'],
        has_lift: [true, false],
      },
    },
    { inputs: [{ length: 5.1, rooms: 3, district: 'Mitte', has_lift: true }] },
    { instances: [{ length: 5.1, rooms: [3], district: 'Mitte', has_lift: true }] },
    { length: 5.1, rooms: 3, district: 'Mitte', has_lift: true },
    { dataframe_records: [{ length: 5.1, rooms: 3, district: 'Mitte', has_lift: true }] },
    {
      dataframe_split: {
        columns: ['length', 'rooms', 'district', 'has_lift'],
        data: [[5.1, 3, 'Mitte', true]],
      },
    },
    {
      inputs: [
        { name: 'length', shape: [1], datatype: 'FP64', data: [5.1] },
        { name: 'rooms', shape: [1, 1], datatype: 'INT64', data: [3] },
        { name: 'district', shape: [1], datatype: 'BYTES', data: ['Mitte'] },
        { name: 'has_lift', shape: [1], datatype: 'BOOL', data: [true] },
      ],
    },
  ])('is a table with the first row of its example %j', (example) => {
    const model = modelOf(inputs, example);

    expect(kindsOf(model)).toEqual(['table', 'json']);
    expect(columnsIn(model)).toEqual([
      { name: 'length', kind: 'number', isOptional: false, example: '5.1' },
      { name: 'rooms', kind: 'whole', isOptional: false, example: '3' },
      { name: 'district', kind: 'text', isOptional: false, example: 'Mitte' },
      { name: 'has_lift', kind: 'truth', isOptional: false, example: 'true' },
    ]);
  });

  it('has empty fields without an example, and where a value is missing', () => {
    expect(columnsIn(modelOf(inputs)).map(({ example }) => example)).toEqual(['', '', '', '']);
    const missing = modelOf([['length', 'FP64', [-1]]], { inputs: { length: [null] } });
    expect(columnsIn(missing)[0]?.example).toBe('');
  });

  it('keeps a column that is called __proto__, and one that has markup', () => {
    const model = modelOf(
      [
        ['__proto__', 'FP64', [-1]],
        ['<script>alert(1)</script>', 'FP64', [-1]],
      ],
      JSON.parse('{"inputs":{"__proto__":[7],"<script>alert(1)</script>":[8]}}'),
    );

    expect(columnsIn(model).map(({ name, example }) => [name, example])).toEqual([
      ['__proto__', '7'],
      ['<script>alert(1)</script>', '8'],
    ]);
  });
});

describe('a model over a matrix', () => {
  it('is a table whose columns have numbers for names', () => {
    const model = modelOf([['input', 'FP32', [-1, 3]]], { inputs: { input: [[1, 2, 3]] } });

    expect(kindsOf(model)).toEqual(['table', 'json']);
    expect(columnsIn(model).map(({ name, example }) => [name, example])).toEqual([
      ['1', '1'],
      ['2', '2'],
      ['3', '3'],
    ]);
  });

  it('has as many columns as its example where it declares none', () => {
    const model = modelOf([['input', 'FP32', [-1, -1]]], { inputs: { input: [[1, 2, 3, 4]] } });

    expect(columnsIn(model)).toHaveLength(4);
  });

  it('of more columns than anybody fills in is JSON alone', () => {
    expect(kindsOf(modelOf([['input', 'FP32', [-1, 5000]]]))).toEqual(['json']);
  });
});

describe('a model over pictures', () => {
  it('that takes files has a place to drop one, and says which it takes', () => {
    const model = modelOf(
      [['image', 'BYTES', [-1]]],
      { inputs: 'aGk=' },
      {
        media: ['multipart/form-data', 'image/png', 'image/jpeg', 'application/json'],
      },
    );

    expect(formsOf(model)[0]).toEqual({ kind: 'picture', accept: 'image/png,image/jpeg' });
    expect(kindsOf(model)).toEqual(['picture', 'json']);
  });

  it.each([
    { shape: [-1, 3, 224, 224], form: { layout: 'planes', channels: 3, width: 224, height: 224 } },
    { shape: [-1, 320, 240, 3], form: { layout: 'pixels', channels: 3, width: 240, height: 320 } },
    { shape: [-1, 3, -1, -1], form: { layout: 'planes', channels: 3, width: -1, height: -1 } },
    { shape: [1, 1, 96, 96], form: { layout: 'planes', channels: 1, width: 96, height: 96 } },
  ])('as a tensor of $shape has a picture made into it', ({ shape, form }) => {
    const [first] = formsOf(modelOf([['x', 'FP32', shape]]));

    expect(first).toMatchObject({ kind: 'raster', raster: form });
  });

  it.each([
    { shape: [-1, 28, 28], layout: 'planes', side: 28 },
    { shape: [-1, 1, 28, 28], layout: 'planes', side: 28 },
    { shape: [-1, 28, 28, 1], layout: 'pixels', side: 28 },
    { shape: [-1, 784], layout: 'flat', side: 28 },
    { shape: [-1, 64], layout: 'flat', side: 8 },
  ])('that are small and grey, as $shape, can be drawn', ({ shape, layout, side }) => {
    const [first] = formsOf(modelOf([['x', 'FP32', shape]]));

    expect(first).toMatchObject({ kind: 'drawing', raster: { layout, width: side, height: side } });
  });

  it('has bytes for pixels where its numbers are bytes', () => {
    const [first] = formsOf(modelOf([['x', 'UINT8', [-1, 32, 32, 3]]]));

    expect(first).toMatchObject({ raster: { isBytes: true } });
  });
});

it.each([
  ['a second of sound, by its shape', [-1, 16_000, 1], 'sound'],
  ['a second of sound, the channel first', [-1, 1, 16_000], 'sound'],
  ['a hundred measurements', [-1, 100, 1], 'json'],
  ['a table of many columns', [-1, 16_000], 'json'],
] as const)('a model over %s, whose name says nothing, begins as %j: %s', (_what, shape, kind) => {
  expect(kindsOf(modelOf([['serving_default_input_2:0', 'FP32', shape]]))[0]).toBe(kind);
});

it('a model over a wave of sound has a sound dropped', () => {
  const model = modelOf([['audio', 'FP32', [1, -1]]]);

  expect(formsOf(model)[0]).toEqual({ kind: 'sound', input: 'audio', shape: [1, -1] });
});

it('a model that takes a file of any kind has a file dropped', () => {
  const media = ['multipart/form-data', 'application/octet-stream', 'application/json'];

  expect(kindsOf(modelOf([], undefined, { media }))).toEqual(['file', 'json']);
});

describe('a model over texts', () => {
  const texts = [['text', 'BYTES', [-1]]] as const;
  const paths = (...listed: string[]) => ({ paths: new Set(listed) });

  it('has a text, with that of its example', () => {
    expect(formsOf(modelOf(texts, { inputs: 'Ada wrote it.' }))[0]).toEqual({
      kind: 'text',
      text: 'Ada wrote it.',
    });
  });

  it('that answers questions has a question and a text', () => {
    const inputs = { question: 'Who?', context: 'Ada wrote it.' };

    expect(formsOf(modelOf(texts, { inputs }))[0]).toEqual({ kind: 'question', ...inputs });
  });

  it('that makes vectors compares two texts', () => {
    const model = modelOf(texts, { inputs: 'Ada' }, paths('POST /v1/embeddings'));

    expect(kindsOf(model)).toEqual(['similarity', 'text', 'json']);
  });

  it('that ranks has a question and texts', () => {
    const model = modelOf(texts, { inputs: 'Ada' }, paths('POST /v1/rerank'));

    expect(kindsOf(model)).toEqual(['ranking', 'text', 'json']);
  });

  it('that speaks has a chat first', () => {
    const model = modelOf(
      texts,
      { messages: [{ role: 'user', content: 'Hi' }] },
      paths('POST /v1/chat/completions', 'POST /v1/completions'),
    );

    expect(kindsOf(model)).toEqual(['chat', 'completion', 'json']);
  });

  it('that has no template for a chat goes on with a text', () => {
    const model = modelOf(
      texts,
      { prompt: 'Once' },
      paths('POST /v1/chat/completions', 'POST /v1/completions'),
    );

    expect(formsOf(model)[0]).toEqual({ kind: 'completion', prompt: 'Once' });
  });

  it('that takes labels of one’s own has them beside the text', () => {
    const about = { paths: { 'POST /invocations': 'Answer texts: zero-shot-classification' } };
    const model = readModel('m', about, undefined, { inputs: 'A long trip.' });

    expect(formsOf(model)[0]).toEqual({ kind: 'labels', text: 'A long trip.' });
  });
});

describe('a server of somebody else', () => {
  it('that lists its paths as vLLM does has a chat', () => {
    const about = {
      model: 'm',
      version: '1',
      server: 'vLLM',
      paths: ['/v1/chat/completions', '/v1/completions', '/invocations'],
      example: { '/v1/chat/completions': { model: 'm', messages: [] } },
    };

    expect(kindsOf(readModel('m', about, undefined, undefined))).toEqual([
      'chat',
      'completion',
      'json',
    ]);
  });

  it.each([
    undefined,
    null,
    7,
    'hi',
    [],
    { inputs: 3, outputs: 'x', paths: 8 },
    { inputs: [null, 4] },
  ])('that says %j of itself still has JSON', (about) => {
    expect(kindsOf(readModel('m', about, about, about)).at(-1)).toBe('json');
  });
});

describe('raw JSON', () => {
  it('begins with the example, its numbers in one line', () => {
    const [, raw] = formsOf(
      modelOf([['input', 'FP32', [-1, 2]]], { inputs: { input: [[1, -2.5e-7]] } }),
    );

    expect(raw).toEqual({ kind: 'json', body: expect.stringContaining('[1, -2.5e-7]') });
    expect(JSON.parse(raw?.kind === 'json' ? raw.body : '')).toEqual({
      inputs: { input: [[1, -2.5e-7]] },
    });
  });

  it('names the inputs where there is no example', () => {
    expect(formsOf(modelOf([['a', 'FP32', [2, 2, 2, 2, 2]]])).at(-1)).toEqual({
      kind: 'json',
      body: JSON.stringify({ inputs: { a: [] } }, null, 2),
    });
  });

  it('is empty where the example is longer than a field holds', () => {
    const example = { inputs: { x: Array.from({ length: 60_000 }, () => 0.5) } };

    expect(formsOf(modelOf([['x', 'FP32', [1, 3, 5, 7, 9]]], example)).at(-1)).toEqual({
      kind: 'json',
      body: '',
    });
  });
});
