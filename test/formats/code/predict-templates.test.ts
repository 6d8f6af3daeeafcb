import { execFile } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { promisify } from 'node:util';
import type { PipelineTask } from '#domain/artifact/facts.ts';
import { AUTOGLUON, autogluonTemplate } from '#formats/code/autogluon-template.ts';
import { LIBRARIES, templateForPickle } from '#formats/code/pickle-templates.ts';
import { pipelineTemplate } from '#formats/code/pipeline-templates.ts';
import {
  codeOf,
  type PredictTemplate,
  templateOf,
  withScript,
} from '#formats/code/predict-template.ts';
import { DRAFT_OF } from '#formats/code/predict-templates.ts';
import { missingPython, needing } from '../../support/needs.ts';

/** Prints what is wrong with each text of a JSON list: its syntax, names that nothing defines, imports that nothing uses. */
const LINT = `
import ast, builtins, json, sys

def problems(text):
    tree = ast.parse(text)
    nodes = list(ast.walk(tree))
    imports = [a for n in nodes if isinstance(n, (ast.Import, ast.ImportFrom)) for a in n.names]
    imported = {(a.asname or a.name).split(".")[0] for a in imports}
    names = [n for n in nodes if isinstance(n, ast.Name)]
    used = {n.id for n in names if isinstance(n.ctx, ast.Load)}
    bound = {n.id for n in names if isinstance(n.ctx, ast.Store)} | imported | set(dir(builtins)) | {"__file__"}
    bound |= {n.arg for n in nodes if isinstance(n, ast.arg)}
    bound |= {n.name for n in nodes if isinstance(n, (ast.FunctionDef, ast.ClassDef, ast.ExceptHandler))}
    return [f"{name} is not defined" for name in sorted(used - bound)] + [
        f"{name} is imported and not used" for name in sorted(imported - used)
    ]

def looked(text):
    try:
        return problems(text)
    except SyntaxError as error:
        return [str(error)]

print(json.dumps([looked(text) for text in json.loads(sys.argv[1])]))
`;

// The compiler asks for each.
const TASKS: Readonly<Record<PipelineTask, true>> = {
  'text-classification': true,
  'token-classification': true,
  'question-answering': true,
  'fill-mask': true,
  'feature-extraction': true,
  'image-classification': true,
  'text-generation': true,
  'text2text-generation': true,
  'automatic-speech-recognition': true,
  'audio-classification': true,
  'text-to-audio': true,
  'zero-shot-audio-classification': true,
  'object-detection': true,
  'zero-shot-object-detection': true,
  'image-segmentation': true,
  'depth-estimation': true,
  'image-feature-extraction': true,
  'zero-shot-image-classification': true,
  'image-text-to-text': true,
  'audio-text-to-text': true,
  'time-series-forecasting': true,
  'video-classification': true,
};

const DRAFTS = readdirSync(new URL('../../../src/formats/code/drafts', import.meta.url), {
  recursive: true,
  encoding: 'utf8',
})
  .filter((file) => file.endsWith('.py'))
  .map((file) => file.replace(/\.py$/, ''));

const PICKLED = [...LIBRARIES, 'sklearn', 'xgboost', 'gensim', 'torch', 'unknown'];
const byScript = (root: string) =>
  templateForPickle({ roots: [root, 'dill'], sklearn: null, ofScript: ['Own'] });
const byTask = (task: string) => pipelineTemplate(task as PipelineTask, { hasOwnCode: true });

const named = async (name: string, template: Promise<PredictTemplate>) =>
  [name, codeOf(await template, 'a model', 'model.bin')] as const;

const TEXTS = await Promise.all([
  ...DRAFTS.map((name) => named(name, templateOf(name))),
  ...PICKLED.map((root) => named(`a pickle of ${root} by dill`, byScript(root))),
  ...Object.keys(TASKS).map((task) => named(task, byTask(task))),
  named(
    'a script',
    templateOf('plain').then((template) => withScript(template, ['Own'])),
  ),
  named(AUTOGLUON, autogluonTemplate([], 'predictor.pkl')),
]);

needing(missingPython, () => {
  it('each draft of a predict.py is Python that defines what it uses, and uses what it imports', async () => {
    const texts = TEXTS.map(([, text]) => text);

    const { stdout } = await promisify(execFile)('python3', ['-c', LINT, JSON.stringify(texts)]);

    const problems: readonly string[][] = JSON.parse(stdout);
    const wrong = TEXTS.flatMap(([name], index) =>
      (problems[index] ?? []).map((problem) => `${name}: ${problem}`),
    );
    expect(texts.length).toBeGreaterThan(100);
    expect(wrong).toEqual([]);
  });
});

it('each draft names its model, its file and its task, and has no header of a script any more', () => {
  const isTask = (name: string) => name.startsWith('transformers/');
  const wrong = TEXTS.filter(
    ([name, text]) =>
      !text.startsWith('"""Answers for a model: ') ||
      !text.includes('\nFILE = "model.bin"\n') ||
      (!isTask(name) && text.includes('"TASK"')) ||
      text.includes('# ///'),
  );

  expect(wrong).toEqual([]);
});

it('each kind of model has a draft, and no draft is without its kind of model', () => {
  const whole = DRAFTS.filter((name) => !name.startsWith('transformers/'));
  const others = ['autogluon', 'mlflow', 'plain', 'sentence_transformers'];
  const torch = ['exported', 'lightning', 'script', 'whole'].map((by) => `torch_${by}`);
  const pickles = [...LIBRARIES, 'gensim', 'sklearn'].map((name) => `pickles/${name}`);

  expect(whole.sort()).toEqual(
    [...new Set([...Object.values(DRAFT_OF), ...others, ...torch, ...pickles])].sort(),
  );
});
