import type { PipelineTask } from '#domain/artifact/facts.ts';
import { isObject, type Json } from './json-file.ts';

/** The tasks by the end of the architecture's name, as in transformers' own auto classes. */
const TASKS: readonly (readonly [ending: RegExp, task: PipelineTask])[] = [
  [
    /^(Wav2Vec2|Hubert|WavLM|UniSpeech|SEW|Data2VecAudio)\w*ForSequenceClassification$/,
    'audio-classification',
  ],
  [/ForSequenceClassification$/, 'text-classification'],
  [/ForTokenClassification$/, 'token-classification'],
  [/ForQuestionAnswering$/, 'question-answering'],
  [/ForMaskedLM$/, 'fill-mask'],
  [/ForImageClassification(WithTeacher)?$/, 'image-classification'],
  [
    /For(SpeechSeq2Seq|CTC|SpeechToText)$|^Whisper(?!ForAudio)|^Speech2Text|^Moonshine|^SpeechEncoderDecoder/,
    'automatic-speech-recognition',
  ],
  [/ForAudioClassification$|ForSequenceClassificationAudio$/, 'audio-classification'],
  [
    /ForTextToSpeech$|^(Vits|Bark)Model$|^(Musicgen|Csm|Dia)\w*ForConditionalGeneration$/,
    'text-to-audio',
  ],
  [/^Clap/, 'zero-shot-audio-classification'],
  [
    /^Owl\w*ForObjectDetection$|^GroundingDino|ForZeroShotObjectDetection$/,
    'zero-shot-object-detection',
  ],
  [/ForObjectDetection$/, 'object-detection'],
  [/For(Image|Semantic|Universal|Instance)Segmentation$/, 'image-segmentation'],
  [/ForDepthEstimation$/, 'depth-estimation'],
  [/ForVideoClassification$/, 'video-classification'],
  [/^VisionEncoderDecoder|^Blip|^Git|ForImageTextToText$/, 'image-text-to-text'],
  [/Vision(Model|Transformer)(WithProjection)?$/, 'image-feature-extraction'],
  [/ForConditionalGeneration$|^MarianMTModel$|^EncoderDecoderModel$/, 'text2text-generation'],
  [/(ForCausalLM|LMHeadModel)$/, 'text-generation'],
  [/(Model|EncoderModel)$/, 'feature-extraction'],
];

/** Networks that take only sound, whose vectors no pipeline makes. */
const OF_SOUND =
  /^(Wav2Vec2|Hubert|WavLM|UniSpeech|SEW|Data2VecAudio|AST|Whisper)\w*(Model|Encoder)$/;

const OVER_TEXTS: readonly (PipelineTask | undefined)[] = [
  ...(['text2text-generation', 'text-generation', 'feature-extraction'] as const),
];

/** The task of an architecture; undefined where its name does not show it. An architecture named for texts may also take images or sound, which its configuration shows. */
export function taskOf(architecture: string, config: Json): PipelineTask | undefined {
  if (OF_SOUND.test(architecture)) return undefined;
  const named = TASKS.find(([ending]) => ending.test(architecture))?.[1];
  if (!OVER_TEXTS.includes(named)) return named;
  const isEmbedding = named === 'feature-extraction';
  if (isObject(config['chronos_config'])) return 'time-series-forecasting';
  if (isObject(config['vision_config'])) {
    return isEmbedding ? 'zero-shot-image-classification' : 'image-text-to-text';
  }
  if (isObject(config['audio_config'])) return 'audio-text-to-text';
  const overImages = typeof config['num_channels'] === 'number' && !config['vocab_size'];
  return isEmbedding && overImages ? 'image-feature-extraction' : named;
}
