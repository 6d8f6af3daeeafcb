import type { PipelineTask } from '#domain/artifact/facts.ts';
import { type PredictTemplate, templateOf, withSetup } from './predict-template.ts';

const TRUSTED =
  '# Runs the code that its author put into the folder: leave it only where you have read that.';

/** How code loads and calls a transformers folder, by its task; `hasOwnCode` where the folder brings classes of its own. */
export async function pipelineTemplate(
  task: PipelineTask,
  { hasOwnCode }: { readonly hasOwnCode: boolean },
): Promise<PredictTemplate> {
  const template = await templateOf(`transformers/${DRAFTS[task] ?? 'texts'}`);
  const code = template.code.replace('"TASK"', JSON.stringify(task));
  if (!hasOwnCode) return { ...template, code };
  const trusting = code.replaceAll(
    /(model=|from_pretrained\()FILE\)/g,
    '$1FILE, trust_remote_code=True)',
  );
  return withSetup({ ...template, code: trusting }, [TRUSTED]);
}

/** The drafts for tasks that are not a pipeline from texts to JSON. Transformers 5 has no pipelines for the first two. */
const DRAFTS: Partial<Readonly<Record<PipelineTask, string>>> = {
  'text2text-generation': 'sequences',
  'question-answering': 'questions',
  'automatic-speech-recognition': 'speech',
  'audio-classification': 'sound',
  'zero-shot-audio-classification': 'sound_and_labels',
  'text-to-audio': 'text_to_sound',
  'image-classification': 'pictures',
  'image-feature-extraction': 'pictures',
  'object-detection': 'pictures',
  'zero-shot-object-detection': 'pictures_and_labels',
  'zero-shot-image-classification': 'pictures_and_labels',
  'image-segmentation': 'segmentation',
  'depth-estimation': 'depth',
  'image-text-to-text': 'pictures_and_texts',
  'audio-text-to-text': 'sound_and_texts',
  'time-series-forecasting': 'time_series',
  'video-classification': 'videos',
};
