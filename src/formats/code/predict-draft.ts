import { folderOf } from '#formats/archives/folder.ts';
import type { ArtifactFile } from '#formats/bytes/artifact-file.ts';
import { readText } from '#formats/bytes/text-file.ts';
import { findForeign } from '#formats/foreign-models.ts';
import { HEAD_BYTES, recognise } from '#formats/known-formats.ts';
import { modelFiles } from '#formats/model-files.ts';
import { pickledNeeds } from '#formats/sklearn/inspect.ts';
import { openTorch } from '#formats/torch/archive.ts';
import { isPickledWhole } from '#formats/torch/refused.ts';
import { PLAIN, SENTENCES, TORCH_PROGRAMS, WAYS, type Way, wayOfPickle } from './predict-ways.ts';

/** The two files that would serve a model by code, as a starting point for its owner. */
export type PredictDraft = { readonly code: string; readonly requirements: readonly string[] };

/** The task of a transformers class, by the ending of its name; otherwise a pipeline asks the Hub. */
const TASKS: readonly (readonly [RegExp, string])[] = [
  [/ForSequenceClassification$/, 'text-classification'],
  [/ForTokenClassification$/, 'token-classification'],
  [/ForQuestionAnswering$/, 'question-answering'],
  [/ForMaskedLM$/, 'fill-mask'],
  [/(ForCausalLM|LMHeadModel)$/, 'text-generation'],
  [/ForConditionalGeneration$/, 'text2text-generation'],
  [/ForImageClassification$/, 'image-classification'],
];

/** The files that would serve the first model among these. */
export async function draftPredict(files: readonly ArtifactFile[]): Promise<PredictDraft> {
  const [folder] = await findForeign(files, 'drafts');
  if (folder) {
    const { name, at } = folder;
    const way = name === 'a Hugging Face model' ? await transformersWay(files, at) : WAYS[name];
    return draft(name, way ?? PLAIN, folderOf(at));
  }
  const [found] = await modelFiles(files);
  if (!found) return draft('a file of its own', PLAIN, files[0]?.name ?? 'model.bin');
  const { file, format, foreign } = found;
  if (format === 'sklearn') {
    const way = wayOfPickle(await pickledNeeds(await file.open(), file.name));
    return draft('a pickle', way, file.name);
  }
  const what = foreign?.what ?? (await servedKind(file)) ?? `of the format ${format}`;
  const way = (what === 'a PyTorch file' && (await torchWay(file))) || WAYS[what];
  return draft(what, way ?? PLAIN, file.name);
}

/** Of what has its code in the file itself; any other is weights, for the class that its owner has. */
async function torchWay(file: ArtifactFile): Promise<Way | undefined> {
  const archive = await openTorch(await file.open(), file.name).catch(() => undefined);
  if (!archive) return undefined;
  const { members } = archive;
  if (members.has('archive_format') || members.has('models/model.json')) {
    return TORCH_PROGRAMS.exported;
  }
  if (members.has('constants.pkl')) return TORCH_PROGRAMS.script;
  return (await isPickledWhole(archive)) ? TORCH_PROGRAMS.whole : undefined;
}

async function servedKind(file: ArtifactFile): Promise<string | undefined> {
  return recognise(file.name, await (await file.open()).read(0, HEAD_BYTES))?.what;
}

async function transformersWay(files: readonly ArtifactFile[], at: string): Promise<Way> {
  const config = files.find(({ name }) => name === at);
  const text = config ? await readText(config, 2 ** 20) : '';
  if (text.includes('sentence_transformers')) return SENTENCES;
  const [, architecture = ''] = /"architectures"\s*:\s*\[\s*"(\w+)"/.exec(text) ?? [];
  const [, task] = TASKS.find(([ends]) => ends.test(architecture)) ?? [/$/, 'feature-extraction'];
  return {
    imports: ['from transformers import pipeline'],
    load: [`self.model = pipeline(${JSON.stringify(task)}, model=FILE)`],
    takes: 'inputs',
    answer: ['return self.model(inputs)'],
    requirements: ['transformers', 'torch', 'numpy'],
  };
}

function draft(what: string, way: Way, name: string): PredictDraft {
  const { imports, load, takes = 'rows', answer, requirements } = way;
  const code = [
    `"""Answers for ${what}: setup runs once, and predict is given the body of each request."""`,
    '',
    ...imports,
    ...(imports.length > 0 ? [''] : []),
    `FILE = ${JSON.stringify(name)}`,
    '',
    '',
    'class Predictor:',
    '    def setup(self):',
    ...load.map((line) => `        ${line}`),
    '',
    `    def predict(self, ${takes}):`,
    ...answer.map((line) => `        ${line}`),
  ];
  return { code: `${code.join('\n')}\n`, requirements };
}
