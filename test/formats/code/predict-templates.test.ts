import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import type { PipelineTask } from '#domain/artifact/facts.ts';
import { autogluonWay } from '#formats/code/autogluon-template.ts';
import { LIBRARIES } from '#formats/code/library-templates.ts';
import { GENSIM, NETWORK_TEMPLATES } from '#formats/code/network-templates.ts';
import { templateForPickle } from '#formats/code/pickle-templates.ts';
import { pipelineWay } from '#formats/code/pipeline-templates.ts';
import { codeOf, type PredictTemplate, withScript } from '#formats/code/predict-template.ts';
import { MLFLOW, PLAIN, SENTENCES, TORCH_PROGRAMS, WAYS } from '#formats/code/predict-templates.ts';
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

const pickled = ['sklearn', 'xgboost', 'lightgbm', 'catboost', 'gensim', 'torch', 'unknown'].map(
  (root): [string, PredictTemplate] => [
    `a pickle of ${root}`,
    templateForPickle({ roots: [root], sklearn: null, ofScript: ['Own'] }),
  ],
);

const TEMPLATES: readonly (readonly [string, PredictTemplate])[] = [
  ...Object.entries(LIBRARIES),
  ...Object.entries(NETWORK_TEMPLATES),
  ...Object.entries(TORCH_PROGRAMS),
  ...Object.entries(WAYS),
  ...Object.entries({ GENSIM, MLFLOW, PLAIN, SENTENCES, script: withScript(PLAIN, ['Own']) }),
  ...pickled,
  ...Object.keys(TASKS).map((task) => [task, pipelineWay(task as PipelineTask)] as const),
  ['AutoGluon', await autogluonWay([], 'predictor.pkl')],
];

needing(missingPython, () => {
  it('each draft of a predict.py is Python that defines what it uses, and uses what it imports', async () => {
    const texts = TEMPLATES.map(([name, template]) => codeOf(name, template, 'model.bin'));

    const { stdout } = await promisify(execFile)('python3', ['-c', LINT, JSON.stringify(texts)]);

    const problems: readonly string[][] = JSON.parse(stdout);
    const wrong = TEMPLATES.flatMap(([name], index) =>
      (problems[index] ?? []).map((problem) => `${name}: ${problem}`),
    );
    expect(texts.length).toBeGreaterThan(50);
    expect(wrong).toEqual([]);
  });
});
