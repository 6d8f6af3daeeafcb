import type { ModelFacts } from '#domain/artifact/facts.ts';
import type { Manifest } from '#domain/manifest/manifest.ts';
import { rejected } from '#formats/rejected.ts';

type Asked = Partial<Pick<Manifest, 'runtime'>>;

const INT8: readonly string[] = ['INT8', 'UINT8'];

/** Fails with `ArtifactRejected` where the manifest requests int8 for a model whose weights no build quantizes; ONNX that is already quantized fulfils the request. */
export function refuseUnquantizable({ runtime }: Asked, facts: ModelFacts): void {
  if (runtime?.optimize !== 'int8') return;
  const { pipeline, language, data, dtypes } = facts;
  const isEncoder =
    pipeline !== undefined && language === undefined && pipeline.task !== 'image-classification';
  if (isEncoder && data?.format === 'huggingface') return;
  if (isEncoder && dtypes.some((each) => INT8.includes(each))) return;
  if (isEncoder && data?.file.endsWith('.safetensors')) {
    throw rejected(
      'runtime.optimize is int8, but its vectors of tokens are served as they were saved',
      "Save them in int8 by model2vec (`StaticModel.from_pretrained(FOLDER, quantize_to='int8')`), or take runtime.optimize out of model.yaml.",
    );
  }
  throw isEncoder
    ? rejected(
        'runtime.optimize is int8, but its weights are ONNX, which is served as it is',
        'Upload model.safetensors instead, which the build converts and quantizes; or quantize the ONNX file with `onnxruntime.quantization.quantize_dynamic`; or take runtime.optimize out of model.yaml.',
      )
    : rejected(
        `runtime.optimize is int8, which is for encoders of texts in safetensors; this model is ${whatOf(facts)}`,
        'Take runtime.optimize out of model.yaml.',
      );
}

function whatOf({ format, pipeline, language }: ModelFacts): string {
  if (language) return 'a language model';
  return pipeline ? `for ${pipeline.task}` : format;
}
