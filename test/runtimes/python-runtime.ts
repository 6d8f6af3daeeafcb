import { delimiter } from 'node:path';
import { fileURLToPath } from 'node:url';
import { compiledServer } from './compiled-server.ts';
import { modelFolder } from './model-server.ts';
import { compiledPythonWith, type PythonMissing } from './python-environment.ts';
import type { Env, Runtime } from './runtime.ts';
import { LEXICON, scoresOfTexts } from './texts.ts';

type Spec = {
  readonly name: string;
  readonly datatype: string;
  readonly shape?: readonly (number | string)[];
};

type Signature = { readonly inputs: readonly Spec[]; readonly outputs: readonly Spec[] };

/** A folder with `predict.py`, and beside it the facts that inspection would find. */
export async function pythonFolder(
  code: string,
  signature?: Signature,
  example?: object,
): Promise<Env> {
  const facts = {
    format: 'python',
    brings: 'code',
    entrypoint: 'predict.py',
    example,
    signature: signature && {
      inputs: signature.inputs.map(free),
      outputs: signature.outputs.map(free),
    },
  };
  const folder = await modelFolder({
    'predict.py': code,
    'facts.json': JSON.stringify(facts),
  });
  return { MODEL_PATH: folder, MODEL_FACTS: `${folder}/facts.json` };
}

/** The runtime in an environment with its own packages only, or the reason why it is missing here. */
export async function pythonRuntime(): Promise<Runtime | PythonMissing> {
  const python = await compiledPythonWith('requirements.txt', 'numpy.txt');
  return typeof python === 'object' ? python : runtimeIn(python, await compiledServer(python));
}

/** Describes the runtime, or says in one skipped test why it is not here. */
export async function onPython(
  describeIt: (runtime: Runtime) => void | Promise<void>,
): Promise<void> {
  const runtime = await pythonRuntime();
  if (!('missing' in runtime)) return describeIt(runtime);
  it.skip(`the Python runtime: ${runtime.missing}`, () => undefined);
}

/** `server` is the folder of the package slipway_server. */
function runtimeIn(python: string, server: string): Runtime {
  return {
    serverName: 'slipway-python',
    platform: 'python_code',
    command: [python, '-m', 'slipway_server'],
    env: { PYTHONPATH: server, PYTHONDONTWRITEBYTECODE: '1' },
    drainSignal: 'SIGALRM',
    failure: 500,
    models: {
      identities: (datatypes) =>
        pythonFolder(
          'def predict(**given): return {f"{name} out": each for name, each in given.items()}',
          {
            inputs: datatypes.map((datatype) => ({ name: datatype, datatype, shape: ['n'] })),
            outputs: datatypes.map((datatype) => ({
              name: `${datatype} out`,
              datatype,
              shape: ['n'],
            })),
          },
        ),
      identity: (tensors) => xToY('def predict(x): return x', tensors),
      addConstant: ({ constant, shape = ['n'] }) =>
        xToY(`def predict(x): return x + ${constant}`, { datatype: 'FP32', shape }),
      twoInputs: () =>
        pythonFolder('def predict(a, b): return a + b, a < b', {
          inputs: ['a', 'b'].map((name) => ({ name, datatype: 'FP32', shape: ['n', 2] })),
          outputs: [
            { name: 'sum', datatype: 'FP32', shape: ['n', 2] },
            { name: 'less', datatype: 'BOOL', shape: ['n', 2] },
          ],
        }),
      columns: () =>
        pythonFolder('def predict(weight, pieces, name): return weight * pieces, name', {
          inputs: [
            { name: 'weight', datatype: 'FP32', shape: ['n'] },
            { name: 'pieces', datatype: 'INT64', shape: ['n'] },
            { name: 'name', datatype: 'BYTES', shape: ['n'] },
          ],
          outputs: [
            { name: 'total', datatype: 'FP32', shape: ['n'] },
            { name: 'label', datatype: 'BYTES', shape: ['n'] },
          ],
        }),
      savedNames: () =>
        pythonFolder('def predict(unit_price, pieces): return unit_price * pieces', {
          inputs: ['unit_price', 'pieces'].map((name) => ({ name, ...FP32 })),
          outputs: [{ name: 'total', ...FP32 }],
        }),
      unnamedText: () =>
        pythonFolder('def predict(given): return given', {
          inputs: [{ name: 'input', datatype: 'BYTES', shape: ['n'] }],
          outputs: [{ name: 'label', datatype: 'BYTES', shape: ['n'] }],
        }),
      divideByZero: () =>
        xToY('import numpy\nnumpy.seterr(all="ignore")\ndef predict(x): return x / 0', FP32),
      width32Only: () =>
        pythonFolder(
          'def predict(x):\n  if x.shape[1] != 32: raise ValueError("MatMul of 32 rows")\n  return x.sum(axis=1, keepdims=True)',
          {
            inputs: [{ name: 'x', datatype: 'FP32', shape: ['h', 'w'] }],
            outputs: [{ name: 'y', datatype: 'FP32', shape: ['h', 1] }],
          },
        ),
      asLongAsAsked: () =>
        xToY('import time\ndef predict(x):\n  time.sleep(float(x.max()))\n  return x', FP32),
      embedder: () => texts(server, { task: 'feature-extraction', labels: [] }),
      ranker: () => texts(server, { task: 'text-classification', labels: ['LABEL_0'] }),
      labeller: async () => {
        const facts = { format: 'labeller', brings: 'data', takesColumns: false };
        return ofTests(server, await modelFolder({ 'facts.json': JSON.stringify(facts) }));
      },
      talker: (task) => talker(server, task),
      fileReader: () =>
        pythonFolder(
          'def predict(file: bytes, times: int = 1): return {"letters": len(file) * times, "text": file.decode()}',
        ),
      neverLoaded: () => xToY('import time\ntime.sleep(4_000)\ndef predict(x): return x', FP32),
    },
  };
}

/** A language model of `texts/talker.py`. */
async function talker(server: string, task: 'generate' | 'embed') {
  const language = { task, contextTokens: 8, requestsAtOnce: 2, hasChatTemplate: true };
  const folder = await modelFolder({
    'facts.json': JSON.stringify({ format: 'talker', brings: 'data', language }),
  });
  return ofTests(server, folder);
}

/** A model of `texts/sitecustomize.py`. */
async function texts(
  server: string,
  pipeline: { readonly task: string; readonly labels: readonly string[] },
) {
  const none = { maxTokens: null, pooling: null, normalizes: false, architecture: '' };
  const facts = { format: 'texts', brings: 'data', pipeline: { ...none, ...pipeline } };
  const folder = await modelFolder({
    'texts.json': JSON.stringify({ ...LEXICON, scores: scoresOfTexts() }),
    'facts.json': JSON.stringify(facts),
  });
  return ofTests(server, folder);
}

/** The environment of a model in a format of tests alone. */
function ofTests(server: string, folder: string): Env {
  const own = fileURLToPath(new URL('texts/', import.meta.url));
  return {
    MODEL_PATH: folder,
    MODEL_FACTS: `${folder}/facts.json`,
    PYTHONPATH: `${own}${delimiter}${server}`,
  };
}

const FP32 = { datatype: 'FP32', shape: ['n'] } as const;

function xToY(code: string, tensors: Omit<Spec, 'name'>): Promise<Env> {
  return pythonFolder(code, {
    inputs: [{ name: 'x', ...tensors }],
    outputs: [{ name: 'y', ...tensors }],
  });
}

function free({ name, datatype, shape }: Spec): object {
  if (!shape) return { name, datatype, shape: [], isUnranked: true };
  return { name, datatype, shape: shape.map((dim) => (typeof dim === 'number' ? dim : -1)) };
}
