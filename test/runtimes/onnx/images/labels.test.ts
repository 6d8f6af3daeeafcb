import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { type ModelServer, startModel, stopServers } from '../../model-server.ts';
import { onnx } from '../../onnx-runtime.ts';

type Labelled = { readonly label: string; readonly score: number };

const IMAGES = new URL('../../../fixtures/images/', import.meta.url);
const FOLDERS = new URL('../../../fixtures/hugging-face/', import.meta.url);
const FILE = 'wide.jpg';

afterAll(stopServers);

const started = new Map<string, Promise<ModelServer>>();

/** The server of a fixture of this name: test/fixtures/hugging-face/make_images.py. */
function start(name = 'vit-images'): Promise<ModelServer> {
  const path = fileURLToPath(new URL(name, FOLDERS));
  const server = started.get(name) ?? startModel(onnx, { MODEL_PATH: path });
  started.set(name, server);
  return server;
}

function answersOf(name = 'vit-images'): Readonly<Record<string, readonly Labelled[]>> {
  return JSON.parse(readFileSync(new URL(`${name}/answers.json`, FOLDERS), 'utf8'));
}

function bytesOf(file: string): Blob {
  return new Blob([readFileSync(new URL(file, IMAGES))]);
}

function base64Of(file: string): string {
  return readFileSync(new URL(file, IMAGES)).toString('base64');
}

/** The same labels, with scores within 1e-4. */
function alike(wanted: readonly Labelled[] = []) {
  return wanted.map(({ label, score }) => ({ label, score: expect.closeTo(score, 4) }));
}

describe('by /invocations', () => {
  it.each(['vit-images', 'resnet-images'])(
    '%s labels images as transformers labels them, whatever they are',
    async (name) => {
      const server = await start(name);

      for (const [file, wanted] of Object.entries(answersOf(name))) {
        const type = `image/${file.split('.').at(-1)?.replace('jpg', 'jpeg')}`;
        const { status, json } = await server.post('/invocations', bytesOf(file), {
          'content-type': type,
        });

        expect({ file, status, json }).toEqual({ file, status: 200, json: alike(wanted) });
      }
    },
  );

  it('an image is base64, or its data URL, and a list of them is answered by a list', async () => {
    const server = await start();
    const wanted = alike(answersOf()[FILE]);
    const inputs = [base64Of(FILE), `data:image/jpeg;base64,${base64Of(FILE)}`];

    expect((await server.post('/invocations', { inputs: inputs[0] })).json).toEqual(wanted);
    expect((await server.post('/invocations', { inputs })).json).toEqual([wanted, wanted]);
  });

  it('a form with an image, or with several and a parameter, is answered as the same in JSON', async () => {
    const { url } = await start();
    const wanted = answersOf()[FILE] ?? [];
    const ask = async (files: number, fields: Readonly<Record<string, string>>) => {
      const form = new FormData();
      for (const [name, value] of Object.entries(fields)) form.append(name, value);
      for (let at = 0; at < files; at += 1) form.append('image', bytesOf(FILE), FILE);
      const answer = await fetch(`${url}/invocations`, { method: 'POST', body: form });
      return answer.json();
    };

    expect(await ask(1, {})).toEqual(alike(wanted));
    expect(await ask(2, { top_k: '1' })).toEqual(Array(2).fill(alike(wanted.slice(0, 1))));
    expect(await ask(0, { image: 'cat.jpg' })).toEqual({
      error: 'the form has no file; it takes an image, as `curl -F image=@FILE` sends it',
    });
    expect(await ask(1, { k: '1' })).toEqual({
      error: expect.stringContaining('parameters has "k"'),
    });
    expect(await ask(64, { top_k: '1' })).toEqual({
      error: 'the form has more than 64 parts, which is the limit',
    });
  });

  it('as many labels are answered as are asked for, with scores by another function', async () => {
    const server = await start();
    const parameters = { top_k: 2, function_to_apply: 'none' };

    const { json } = await server.post('/invocations', { inputs: base64Of(FILE), parameters });

    expect(json.map(({ label }: Labelled) => label)).toEqual(
      answersOf()
        [FILE]?.slice(0, 2)
        .map(({ label }) => label),
    );
    expect(json[0].score).not.toBeCloseTo(answersOf()[FILE]?.[0]?.score ?? 0, 2);
  });

  it.each([
    'application/octet-stream',
    // The content types that curl and requests send with a file by default.
    'application/x-www-form-urlencoded',
    '',
  ])('bytes that are called "%s" are an image too', async (type) => {
    const { json } = await (await start()).post('/invocations', bytesOf(FILE), {
      'content-type': type,
    });

    expect(json).toEqual(alike(answersOf()[FILE]));
  });

  it.each<[string, unknown, number, string]>([
    ['an address', { inputs: 'https://example.com/cat.png' }, 400, 'which is not base64'],
    ['a number', { inputs: 5 }, 400, 'inputs is 5'],
    ['no image', { inputs: [] }, 400, 'inputs is a list of 0'],
    ['no text in a list', { inputs: [base64Of(FILE), 'aGVsbG8='] }, 400, 'inputs[1] is not a PNG'],
    ['too many', { inputs: new Array(33).fill('a') }, 400, 'has 33 images; the limit is 32'],
    ['no count', { inputs: base64Of(FILE), parameters: { top_k: 0 } }, 400, 'top_k is 0'],
    ['a parameter of none', { inputs: 'a', parameters: { k: 1 } }, 400, 'parameters has "k"'],
  ])('%s is refused', async (_, body, status, message) => {
    const answer = await (await start()).post('/invocations', body);

    expect(answer).toMatchObject({ status, json: { error: expect.stringContaining(message) } });
  });

  it('a body that is another type is refused', async () => {
    const { status, json } = await (await start()).post('/invocations', bytesOf(FILE), {
      'content-type': 'image/gif',
    });

    expect({ status, error: json.error }).toEqual({
      status: 415,
      error: expect.stringContaining('"image/gif"; it takes application/json or'),
    });
  });
});

describe('by the protocols of tensors', () => {
  it('images have a label and a score each', async () => {
    const data = [base64Of(FILE), base64Of('rgb.png')];
    const image = { name: 'image', datatype: 'BYTES', shape: [2], data };

    const { json } = await (await start()).post('/v2/models/m/infer', { inputs: [image] });

    const best = [answersOf()[FILE]?.[0], answersOf()['rgb.png']?.[0]];
    expect(json.outputs).toMatchObject([
      { name: 'label', datatype: 'BYTES', data: best.map((each) => each?.label) },
      {
        name: 'score',
        datatype: 'FP32',
        data: best.map((each) => expect.closeTo(each?.score ?? 0, 4)),
      },
    ]);
  });

  it('instances are images too', async () => {
    const server = await start();
    const body = { instances: [base64Of(FILE)] };

    const { json } = await server.post('/v1/models/m:predict', body);

    expect(json.predictions).toMatchObject([{ label: answersOf()[FILE]?.[0]?.label }]);
  });
});

it('what it is says how to call it, by a request that it answers', async () => {
  const server = await start();

  const { json: about } = await server.get('/');
  const { json: example } = await server.get('/example.json');
  const { json: document } = await server.get('/openapi.json');

  expect(about.paths['POST /invocations']).toMatch(/^Tell what is in an image/);
  expect(about.curl).toContain('/invocations');
  expect((await server.post('/invocations', example)).json).toHaveLength(5);
  const { content } = document.paths['/invocations'].post.requestBody;
  expect(Object.keys(content)).toEqual([
    'multipart/form-data',
    'image/png',
    'image/jpeg',
    'image/webp',
    'application/json',
  ]);
});
