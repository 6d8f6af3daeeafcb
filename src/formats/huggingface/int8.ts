import type { ModelFacts } from '#domain/artifact/facts.ts';
import type { Manifest } from '#domain/manifest/manifest.ts';
import { rejected } from '#formats/rejected.ts';

type Asked = Partial<Pick<Manifest, 'runtime'>>;

const INT8: readonly string[] = ['INT8', 'UINT8'];

/** Fails with `ArtifactRejected` where the manifest asks for int8 of a model whose weights no build quantizes; ONNX that is quantized already is what it asks for. */
export function refuseUnquantizable({ runtime }: Asked, facts: ModelFacts): void {
  if (runtime?.optimize !== 'int8') return;
  const { format, pipeline, language, data, dtypes } = facts;
  const isEncoder = pipeline !== undefined && language === undefined;
  if (isEncoder && data?.format === 'huggingface') return;
  if (isEncoder && dtypes.some((each) => INT8.includes(each))) return;
  throw isEncoder
    ? rejected(
        'runtime.optimize is int8, but its weights are ONNX, which is served as it is',
        'Upload model.safetensors instead, which the build converts and quantizes; or quantize the ONNX file with `onnxruntime.quantization.quantize_dynamic`; or take runtime.optimize out of model.yaml.',
      )
    : rejected(
        `runtime.optimize is int8, which is for encoders of Hugging Face in safetensors; this model is ${language ? 'a language model' : format}`,
        'Take runtime.optimize out of model.yaml.',
      );
}
