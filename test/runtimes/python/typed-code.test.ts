import { type ModelServer, startModel, stopServers } from '../model-server.ts';
import { pythonWith } from '../python-environment.ts';
import { onPython, pythonFolder } from '../python-runtime.ts';
import type { Runtime } from '../runtime.ts';

const python = await pythonWith('../../test/runtimes/typed-requirements.txt');

const PNG =
  'iVBORw0KGgoAAAANSUhEUgAAAAQAAAAECAIAAAAmkwkpAAAAEElEQVR4nGP4z8AARwzEcQCukw/x0F8jngAAAABJRU5ErkJggg==';
const JSON_TYPE = { 'content-type': 'application/json' };
const CURLS = { 'content-type': 'application/x-www-form-urlencoded' };

const DATACLASS = `
from dataclasses import dataclass
@dataclass
class Visit:
    page: str
    seconds: float = 1
`;
const PYDANTIC = `
from pydantic import BaseModel
class Visit(BaseModel):
    page: str
    seconds: float = 1
`;

if (typeof python === 'object') {
  it.skip(`code with type hints: ${python.missing}`, () => undefined);
} else {
  await onPython((runtime) => {
    // Its servers keep what they compile of pandas and pydantic: compiling all of these ahead takes as long as all tests.
    const env = { ...runtime.env, PYTHONDONTWRITEBYTECODE: '' };
    describeTyped({ ...runtime, env, command: [python, '-m', 'slipway_server'] });
  });
}

function describeTyped(runtime: Runtime): void {
  afterAll(stopServers);

  const serve = (code: string) => startModel(runtime, pythonFolder(code));

  describe.each([
    ['a dataclass', DATACLASS],
    ['a model of pydantic', PYDANTIC],
  ])('code whose parameter is %s', (_, record) => {
    let server: ModelServer;
    beforeAll(async () => {
      const code = `${record}
from typing import List, Optional
def predict(visit: Optional[Visit] = None, others: List[Visit] = []): return [visit.page, visit.seconds, *others]`;
      server = await serve(code);
    });

    it.each([
      ['the body itself', { page: 'a', seconds: 2 }, ['a', 2]],
      ['under its name', { visit: { page: 'a' } }, ['a', 1]],
      ['under `inputs`', { inputs: { page: 'a' } }, ['a', 1]],
      [
        'in a list',
        { visit: { page: 'a' }, others: [{ page: 'b' }] },
        ['a', 1, { page: 'b', seconds: 1 }],
      ],
    ])('is given one: %s, and answers with them', async (_said, body, predictions) => {
      const { json } = await server.post('/invocations', body);

      expect(json).toEqual({ predictions });
    });

    it.each([
      ['what it lacks', { seconds: 2 }, 'page'],
      ['what is no number', { page: 'a', seconds: 'x' }, 'seconds'],
    ])('and the client is told %s', async (_said, visit, names) => {
      const { status, json } = await server.post('/invocations', { visit });

      expect(status).toBe(400);
      expect(json.error).toMatch(/^"visit" does not fit what the model's code takes: /);
      expect(json.error).toContain(names);
    });
  });

  it('a number that came as a text is one where the code says so, and nothing else is changed', async () => {
    const server = await serve(
      'def predict(age: int, scale: float = 1, rows: list[float] = [], name: str = ""): return [age, scale, rows, name]',
    );

    const given = await server.post('/invocations', { age: '3', rows: [[1]], name: 7 });
    const refused = await server.post('/invocations', { age: 'three' });

    expect(given.json).toEqual({ predictions: [3, 1, [[1]], 7] });
    expect(refused.status).toBe(400);
    expect(refused.json.error).toContain('"age" does not fit');
  });

  it.each([
    ['float', 'seconds / 2', { inputs: {} }, 'it is an object, no float (TypeError: '],
    ['float', 'seconds / 2', [0.5], 'it is a list of 1, no float (TypeError: '],
    ['str', 'seconds.upper()', { inputs: ['a', 'b'] }, 'it is a list of 2, no str ('],
    ['list[float]', 'sum(seconds)', 7, 'it is 7, no list (TypeError: '],
  ])(
    'who sends what a %s is not to code that fails on it (%s) is told',
    async (hint, does, body, says) => {
      const server = await serve(`def predict(seconds: ${hint}): return ${does}`);

      const { status, json } = await server.post('/invocations', body);

      expect(status).toBe(400);
      expect(json.error).toContain(`"seconds" does not fit what the model's code takes: ${says}`);
    },
  );

  it('but code that works on more than its hint says is not held to it, nor is a fault of its own a client’s', async () => {
    const server = await serve(
      'def predict(x: float): return [each * 2 for each in x] if isinstance(x, list) else 1 / x',
    );

    const works = await server.post('/invocations', [1, 2]);
    const fails = await server.post('/invocations', 0);

    expect(works.json).toEqual({ predictions: [2, 4] });
    expect(fails.status).toBe(500);
  });

  it.each([
    ['fields', 'age=3&name=a+b', { age: 3, name: 'a b' }],
    ['fields that come twice', 'name=a&name=b&age=1', { age: 1, name: ['a', 'b'] }],
  ])('%s of a form without files are given by name', async (_said, body, predictions) => {
    const server = await serve('def predict(age: int, name=""): return {"age": age, "name": name}');

    const answer = await server.post('/invocations', body, CURLS);

    expect(answer.json).toEqual({ predictions });
  });

  it('what is no UTF-8 and is not said to be bytes is refused, with how bytes are sent', async () => {
    const server = await serve('def predict(inputs): return 1');

    const answer = await server.post('/invocations', new Blob([Buffer.from(PNG, 'base64')]));

    expect(answer.status).toBe(400);
    expect(answer.json.error).toBe(
      'the body is not UTF-8; bytes have a content type of their own, such as image/jpeg or application/octet-stream',
    );
  });

  it.each([
    ['a number that is infinite in FP64', '[NaN, 1e400]', 'Number out of range'],
    ['half of a letter', '["\\ud800", NaN]', 'unexpected end of escaped utf-16'],
  ])('%s is refused beside NaN as it is without', async (_said, body, says) => {
    const server = await serve('def predict(rows): return [str(each) for each in rows]');

    const taken = await server.post('/invocations', '[NaN, "NaN", 1e300]');
    const { status, json } = await server.post('/invocations', body);

    expect(taken.json).toEqual({ predictions: ['nan', 'NaN', '1e+300'] });
    expect(status).toBe(400);
    expect(json.error).toContain(says);
  });

  it.each([
    [
      'records',
      'application/json',
      '{"dataframe_records":[{"id":400000000000000001},{"id":null}]}',
    ],
    [
      'a split',
      'application/json',
      '{"dataframe_split":{"columns":["id"],"data":[[400000000000000001],[null]]}}',
    ],
    ['a CSV', 'text/csv', 'id,x\n400000000000000001,1\n,2\n'],
  ])('whole numbers of %s are not rounded beside missing ones', async (_, type, body) => {
    const code = 'import pandas\ndef predict(rows): return [str(each) for each in rows.id]';
    const server = await serve(code);

    const { json } = await server.post('/invocations', body, { 'content-type': type });

    expect(json).toEqual({ predictions: ['400000000000000001', '<NA>'] });
  });

  it.each([
    ['records', [{ a: 1, b: 2 }]],
    ['one record', { a: 1, b: 2 }],
    ['columns', { a: [1], b: [2] }],
    ['a table', { dataframe_split: { columns: ['a', 'b'], data: [[1, 2]] } }],
  ])('a table of pandas is made of %s', async (_said, body) => {
    const code = 'import pandas as pd\ndef predict(rows: pd.DataFrame): return (rows.a + rows.b)';
    const server = await serve(code);

    const { json } = await server.post('/invocations', body);

    expect(json).toEqual({ predictions: [3] });
  });

  it('an array of numpy is made of lists, and lists of other lengths are refused', async () => {
    const code = 'import numpy as np\ndef predict(x: np.ndarray): return [*x.shape]';
    const server = await serve(code);

    const { json } = await server.post('/invocations', { inputs: [[1, 2]] });
    const ragged = await server.post('/invocations', { inputs: [[1, 2], [3]] });

    expect(json).toEqual({ predictions: [1, 2] });
    expect(ragged.status).toBe(400);
  });

  describe.each([
    [
      'bytes',
      'import io\nfrom PIL import Image\ndef predict(image: bytes, top: int = 1): return [*Image.open(io.BytesIO(image)).size, top]',
    ],
    [
      "Pillow's image",
      'from PIL import Image\ndef predict(image: Image.Image, top: int = 1): return [*image.size, top]',
    ],
  ])('code that takes %s', (_, code) => {
    let server: ModelServer;
    beforeAll(async () => {
      server = await serve(code);
    });

    const png = Buffer.from(PNG, 'base64');
    const form = (name: string, fields: Readonly<Record<string, string>> = {}) => {
      const data = new FormData();
      data.append(name, new Blob([png], { type: 'image/png' }), 'a.png');
      for (const [field, value] of Object.entries(fields)) data.append(field, value);
      return data;
    };

    it.each([
      ['an image as the body', png, { 'content-type': 'image/png' }, 1],
      ['one that curl calls a form', png, CURLS, 1],
      ['one of which nothing is said', png, {}, 1],
      ['base64', JSON.stringify({ inputs: PNG }), JSON_TYPE, 1],
      [
        'a data URL by name',
        JSON.stringify({ image: `data:image/png;base64,${PNG}`, top: 3 }),
        JSON_TYPE,
        3,
      ],
      ['the one file of a form', form('file'), {}, 1],
      ['a file and a field of a form', form('image', { top: '3' }), {}, 3],
    ])('is given %s', async (_said, body, headers, top) => {
      const answer = await fetch(`${server.url}/invocations`, { method: 'POST', body, headers });

      expect(await answer.json()).toEqual({ predictions: [4, 4, top] });
    });

    it('offers a file first in its document', async () => {
      const { json: document } = await server.get('/openapi.json');
      const { content } = document.paths['/invocations'].post.requestBody;

      expect(Object.keys(content)).toEqual([
        'multipart/form-data',
        'application/octet-stream',
        'application/json',
      ]);
      expect(content['multipart/form-data'].schema.required).toEqual(['image']);
    });

    it.each([
      ['what is no base64', JSON.stringify({ image: '?' }), JSON_TYPE],
      ['a number', JSON.stringify({ image: 3 }), JSON_TYPE],
      ['JSON that is damaged', '{"image":', JSON_TYPE],
      [
        'a form without an end',
        '--b\r\ncontent-disposition: form-data; name="image"\r\n\r\nx',
        { 'content-type': 'multipart/form-data; boundary=b' },
      ],
    ])('is not given %s', async (_said, body, headers) => {
      const answer = await fetch(`${server.url}/invocations`, { method: 'POST', body, headers });

      expect(answer.status).toBe(400);
    });
  });

  it.each([
    ['bytes', 'png', 'image/png'],
    ["Pillow's image", 'Image.open(io.BytesIO(png))', 'image/png'],
    ['other bytes', 'b"RIFF0000WAVE"', 'audio/wav'],
    ['bytes of no known kind', 'bytearray(b"abc")', 'application/octet-stream'],
  ])('%s as an answer are the body', async (_said, answer, type) => {
    const code = `import base64, io\nfrom PIL import Image\npng = base64.b64decode("${PNG}")\ndef predict(_): return ${answer}`;
    const server = await serve(code);

    const found = await fetch(`${server.url}/invocations`, { method: 'POST', body: '1' });

    expect(found.headers.get('content-type')).toBe(type);
    expect((await found.arrayBuffer()).byteLength).toBeGreaterThan(0);
  });

  it('records, sets, enumerations, identifiers and exact numbers come out as JSON', async () => {
    const code = `${DATACLASS}
import decimal, enum, pathlib, uuid
class Kind(enum.Enum): RED = "red"
def predict(_):
    return [Visit("a"), {1}, Kind.RED, uuid.UUID(int=1), decimal.Decimal("1.5"), pathlib.PurePosixPath("a/b")]`;
    const server = await serve(code);

    const { json } = await server.post('/invocations', { inputs: 1 });

    expect(json.predictions).toEqual([
      { page: 'a', seconds: 1 },
      [1],
      'red',
      '00000000-0000-0000-0000-000000000001',
      1.5,
      'a/b',
    ]);
  });

  it.each([
    ['an answer of its own', 'Problem(404, "no such city")', 404, 'no such city'],
    ['one with more than a text', 'Problem(422, {"city": 1})', 422, '{"city":1}'],
    ['what another service said', 'Upstream()', 500, "the model's code failed: Upstream"],
    [
      'what is no status',
      'Problem(200, "fine")',
      500,
      "the model's code failed: Problem: (200, 'fine')",
    ],
  ])('code that raises %s', async (_said, error, status, says) => {
    const code = `
class Problem(Exception):
    def __init__(self, status_code, detail): self.status_code, self.detail = status_code, detail
class Upstream(Exception): status_code = 401
def predict(_): raise ${error}`;
    const server = await serve(code);

    const answer = await server.post('/invocations', { inputs: 1 });

    expect(answer.status).toBe(status);
    expect(answer.json.error).toBe(says);
  });
}
