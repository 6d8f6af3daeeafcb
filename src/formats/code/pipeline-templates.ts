import type { PipelineTask } from '#domain/artifact/facts.ts';
import type { PredictTemplate } from './predict-template.ts';

/** The packages that transformers needs, and those that decode pictures and sound in requests. */
const [TORCH, PICTURES, SOUND] = [
  ['transformers', 'torch', 'numpy'],
  ['transformers', 'torch', 'numpy', 'pillow'],
  ['transformers', 'torch', 'numpy', 'scipy', 'soundfile'],
] as const;

export const PICTURE = [
  '# A picture: as the body of the request, or in base64.',
  'raw = image if isinstance(image, bytes) else base64.b64decode(image)',
  'picture = Image.open(io.BytesIO(raw)).convert("RGB")',
];
export const OF_PICTURES = ['import base64', 'import io', '', 'from PIL import Image'];
const HEARD = [
  '# A WAV, FLAC, OGG or MP3 file: as the body of the request, or in base64.',
  'raw = audio if isinstance(audio, bytes) else base64.b64decode(audio)',
  'sound, rate = soundfile.read(io.BytesIO(raw), dtype="float32", always_2d=True)',
  'heard = resample_poly(sound.mean(axis=1), self.rate, rate).astype("float32")',
];
const OF_SOUND = [
  'import base64',
  'import io',
  '',
  'import soundfile',
  'from scipy.signal import resample_poly',
];

/** How code loads and calls a transformers folder, by its task; `given` has further arguments of the loading call. */
export function pipelineWay(task: PipelineTask, given = ''): PredictTemplate {
  const kind = KINDS[task];
  return kind ? kind(task, given) : ofTexts(task, given);
}

function pipelineOf(task: PipelineTask, given: string): string {
  return `self.model = pipeline(${JSON.stringify(task)}, model=FILE${given})`;
}

function ofTexts(task: PipelineTask, given: string): PredictTemplate {
  return {
    imports: ['from transformers import pipeline'],
    load: [pipelineOf(task, given)],
    takes: 'inputs',
    answer: ['return self.model(inputs)'],
    requirements: TORCH,
  };
}

// Transformers 5 has no pipelines for these two.
function ofSequences(_: PipelineTask, given: string): PredictTemplate {
  return {
    imports: ['import torch', 'from transformers import AutoModelForSeq2SeqLM, AutoTokenizer'],
    load: [
      `self.model = AutoModelForSeq2SeqLM.from_pretrained(FILE${given}).eval()`,
      `self.tokenizer = AutoTokenizer.from_pretrained(FILE${given})`,
    ],
    takes: 'inputs',
    answer: [
      'texts = [inputs] if isinstance(inputs, str) else inputs',
      'tokens = self.tokenizer(texts, return_tensors="pt", padding=True, truncation=True)',
      'with torch.inference_mode():',
      '    made = self.model.generate(**tokens, max_new_tokens=128)',
      'return self.tokenizer.batch_decode(made, skip_special_tokens=True)',
    ],
    requirements: TORCH,
  };
}

function ofQuestions(_: PipelineTask, given: string): PredictTemplate {
  return {
    imports: [
      'import torch',
      'from transformers import AutoModelForQuestionAnswering, AutoTokenizer',
    ],
    load: [
      `self.model = AutoModelForQuestionAnswering.from_pretrained(FILE${given}).eval()`,
      `self.tokenizer = AutoTokenizer.from_pretrained(FILE${given})`,
    ],
    takes: 'question, context',
    answer: [
      'tokens = self.tokenizer(question, context, return_tensors="pt", truncation="only_second")',
      'with torch.inference_mode():',
      '    said = self.model(**tokens)',
      'first, last = int(said.start_logits.argmax()), int(said.end_logits.argmax())',
      'return {"answer": self.tokenizer.decode(tokens["input_ids"][0][first : last + 1])}',
    ],
    requirements: TORCH,
  };
}

function ofPictures(task: PipelineTask, given: string): PredictTemplate {
  return {
    imports: [...OF_PICTURES, 'from transformers import pipeline'],
    load: [pipelineOf(task, given)],
    takes: 'image',
    answer: [...PICTURE, 'return self.model(picture)'],
    requirements: PICTURES,
  };
}

/** The template for tasks whose labels come with each request. */
function ofLabels(task: PipelineTask, given: string): PredictTemplate {
  return {
    ...ofPictures(task, given),
    takes: 'image, labels',
    answer: [...PICTURE, 'return self.model(picture, candidate_labels=labels)'],
  };
}

/** The template for tasks that answer with a picture. */
function asPictures(task: PipelineTask, given: string): PredictTemplate {
  const answer =
    task === 'depth-estimation'
      ? ['return {"depth": self.shown(self.model(picture)["depth"])}']
      : [
          'found = self.model(picture)',
          'return [{**each, "mask": self.shown(each["mask"])} for each in found]',
        ];
  return {
    ...ofPictures(task, given),
    answer: [...PICTURE, ...answer],
    methods: [
      'def shown(self, picture):',
      '    """A PNG, in base64."""',
      '    written = io.BytesIO()',
      '    picture.save(written, "PNG")',
      '    return base64.b64encode(written.getvalue()).decode()',
    ],
  };
}

function ofPicturesAndTexts(_: PipelineTask, given: string): PredictTemplate {
  return {
    imports: [
      ...OF_PICTURES,
      'import torch',
      'from transformers import AutoModelForImageTextToText, AutoProcessor',
    ],
    load: [
      `self.model = AutoModelForImageTextToText.from_pretrained(FILE${given}).eval()`,
      `self.processor = AutoProcessor.from_pretrained(FILE${given})`,
    ],
    takes: 'image, text=None',
    answer: [
      ...PICTURE,
      '# Most models expect an image placeholder in the prompt; see the model card for its exact form.',
      'asked = {"text": text} if text else {}',
      'tensors = self.processor(images=picture, return_tensors="pt", **asked)',
      'with torch.inference_mode():',
      '    made = self.model.generate(**tensors, max_new_tokens=128)',
      'return self.processor.batch_decode(made, skip_special_tokens=True)',
    ],
    requirements: PICTURES,
  };
}

function ofSoundAndTexts(_: PipelineTask, given: string): PredictTemplate {
  return {
    imports: [
      ...OF_SOUND,
      'import torch',
      'from transformers import AutoModelForSeq2SeqLM, AutoProcessor',
    ],
    load: [
      `self.model = AutoModelForSeq2SeqLM.from_pretrained(FILE${given}).eval()`,
      `self.processor = AutoProcessor.from_pretrained(FILE${given})`,
      'self.rate = self.processor.feature_extractor.sampling_rate',
    ],
    takes: 'audio, text',
    answer: [
      ...HEARD,
      '# Most models expect a sound placeholder in the prompt; see the model card for its exact form.',
      'tensors = self.processor(text=text, audio=heard, sampling_rate=self.rate, return_tensors="pt")',
      'with torch.inference_mode():',
      '    made = self.model.generate(**tensors, max_new_tokens=128)',
      'return self.processor.batch_decode(made, skip_special_tokens=True)',
    ],
    requirements: SOUND,
  };
}

/** The template for Chronos, whose networks are language models. */
function ofTimes(): PredictTemplate {
  return {
    imports: ['import torch', 'from chronos import BaseChronosPipeline'],
    load: ['self.model = BaseChronosPipeline.from_pretrained(FILE)'],
    takes: 'series, length=12',
    answer: [
      '# The numbers of one series, or a list of such.',
      'seen = torch.tensor(series, dtype=torch.float32)',
      'levels = [0.1, 0.5, 0.9]',
      'quantiles, mean = self.model.predict_quantiles(seen, prediction_length=length, quantile_levels=levels)',
      'return {"mean": mean.tolist(), "quantiles": quantiles.tolist()}',
    ],
    requirements: ['chronos-forecasting', 'torch'],
  };
}

/** The template for videos, which their pipeline reads from a file. */
function ofFilms(task: PipelineTask, given: string): PredictTemplate {
  return {
    imports: ['import base64', 'import tempfile', '', 'from transformers import pipeline'],
    load: [pipelineOf(task, given)],
    takes: 'video',
    answer: [
      '# An MP4 or WebM file: as the body of the request, or in base64.',
      'raw = video if isinstance(video, bytes) else base64.b64decode(video)',
      'with tempfile.NamedTemporaryFile(suffix=".mp4") as file:',
      '    file.write(raw)',
      '    file.flush()',
      '    return self.model(file.name)',
    ],
    requirements: [...TORCH, 'av'],
  };
}

function ofSound(task: PipelineTask, given: string): PredictTemplate {
  return {
    imports: [...OF_SOUND, 'from transformers import pipeline'],
    load: [pipelineOf(task, given), 'self.rate = self.model.feature_extractor.sampling_rate'],
    takes: 'audio',
    answer: [...HEARD, 'return self.model({"raw": heard, "sampling_rate": self.rate})'],
    requirements: SOUND,
  };
}

function ofSpeech(task: PipelineTask, given: string): PredictTemplate {
  const { load, ...template } = ofSound(task, given);
  return {
    ...template,
    load: [
      ...load,
      '# Through more than 30 s Whisper finds its way by the times that it writes; others take it in pieces.',
      'by_times = self.model.type == "seq2seq_whisper"',
      'self.long = {"return_timestamps": True} if by_times else {"chunk_length_s": 30}',
    ],
    answer: [
      ...HEARD,
      'return self.model({"raw": heard, "sampling_rate": self.rate}, **self.long)',
    ],
  };
}

function ofSoundAndLabels(task: PipelineTask, given: string): PredictTemplate {
  const { load, ...template } = ofSound(task, given);
  return {
    ...template,
    load,
    takes: 'audio, labels',
    answer: [...HEARD, 'return self.model(heard, candidate_labels=labels)'],
  };
}

function asSound(task: PipelineTask, given: string): PredictTemplate {
  return {
    imports: [
      'import base64',
      'import io',
      '',
      'import soundfile',
      'from transformers import pipeline',
    ],
    load: [pipelineOf(task, given)],
    takes: 'text',
    answer: [
      '# A WAV file, in base64.',
      'said = self.model(text)',
      'written = io.BytesIO()',
      'soundfile.write(written, said["audio"].squeeze(), said["sampling_rate"], format="WAV")',
      'return {"audio": base64.b64encode(written.getvalue()).decode()}',
    ],
    requirements: ['transformers', 'torch', 'numpy', 'soundfile'],
  };
}

type WayOf = (task: PipelineTask, given: string) => PredictTemplate;

/** The tasks that take or answer anything besides texts. */
const KINDS: Partial<Readonly<Record<PipelineTask, WayOf>>> = {
  'text2text-generation': ofSequences,
  'question-answering': ofQuestions,
  'automatic-speech-recognition': ofSpeech,
  'audio-classification': ofSound,
  'zero-shot-audio-classification': ofSoundAndLabels,
  'text-to-audio': asSound,
  'image-classification': ofPictures,
  'image-feature-extraction': ofPictures,
  'object-detection': ofPictures,
  'zero-shot-object-detection': ofLabels,
  'zero-shot-image-classification': ofLabels,
  'image-segmentation': asPictures,
  'depth-estimation': asPictures,
  'image-text-to-text': ofPicturesAndTexts,
  'audio-text-to-text': ofSoundAndTexts,
  'time-series-forecasting': ofTimes,
  'video-classification': ofFilms,
};
