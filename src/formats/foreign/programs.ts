import { DATA, DOWNLOAD, NOTEBOOK } from '#domain/artifact/no-model.ts';
import { folderOf, within } from '#formats/archives/folder.ts';
import { type Kind, named, says } from './kind.ts';

/** The line of model.yaml for an image that serves at this port and these paths. */
const asImage = (port: number, healthPath: string, requestPath: string) =>
  `runtime: { image: REPOSITORY@sha256:…, port: ${port}, healthPath: ${healthPath}, requestPath: ${requestPath} }`;

const CODE = 'or upload the folder without that file, with a predict.py';

/** Programs that answer requests by themselves, in an image. */
export const IMAGES: readonly Kind[] = [
  {
    name: 'an image of your own',
    why: 'but model.yaml does not say where it answers',
    fix: `If the image of the Dockerfile serves the model, say where in model.yaml: \`runtime: { port: 8080, healthPath: /ping, requestPath: /invocations }\`; ${CODE}.`,
    find: named(/(^|\/)Dockerfile$/),
  },
  {
    name: 'a Cog model',
    fix: `Build and push its image, and name it in a model.yaml: \`${asImage(5000, '/health-check', '/predictions')}\`; ${CODE}.`,
    find: named(/(^|\/)cog\.yaml$/),
  },
  {
    name: 'a Truss',
    fix: `Build and push its image, and name it in a model.yaml: \`${asImage(8080, '/v1/models/model', '/v1/models/model:predict')}\`; ${CODE}.`,
    find: (files) => {
      const names = new Set(files.map(({ name }) => name));
      const hasModel = (name: string) => names.has(within(folderOf(name), 'model/model.py'));
      return files.find(({ name }) => /(^|\/)config\.yaml$/.test(name) && hasModel(name))?.name;
    },
  },
  {
    name: 'a BentoML service',
    fix: `Build and push its image (\`bentoml containerize\`), and name it in a model.yaml: \`${asImage(3000, '/readyz', '/predict')}\`; ${CODE}.`,
    find: named(/(^|\/)(bento|bentofile)\.yaml$/),
  },
];

/** Kinds that are reported only where no model is found. */
export const ALONE: readonly Kind[] = [
  {
    name: 'a program that answers requests itself',
    fix: 'Bring it as an image: with a Dockerfile beside it, and where it answers in model.yaml: `runtime: { port: 8000, healthPath: /health, requestPath: /predict }`; or write what it answers with as `def predict(…)` in predict.py, and its packages in requirements.txt.',
    find: says(
      /(^|\/)(app|main|server|serve|api|service)\.py$/,
      /^[ \t]*(from|import)[ \t]+(fastapi|flask|gradio|streamlit|starlette|litserve|quart|sanic|tornado|aiohttp|ray|bentoml)\b/m,
    ),
  },
  {
    name: 'a Modelfile of Ollama',
    why: 'which names a model but is not one',
    fix: 'Upload the GGUF file that its FROM names, under a name that ends in .gguf: Ollama keeps it as a blob without an ending (`ollama show MODEL --modelfile` names it). Its template is in that file too, and its parameters may be in each request.',
    find: says(/(^|\/|\.)Modelfile$/i, /^FROM[ \t]/m),
  },
  {
    name: 'a pointer of DVC',
    why: 'which points to a file but is not one',
    fix: 'Run `dvc pull` and upload the file it brings.',
    find: named(/\.dvc$/),
  },
  { ...DOWNLOAD, find: named(DOWNLOAD.endings) },
  { ...NOTEBOOK, find: named(NOTEBOOK.endings) },
  {
    ...DATA,
    find: (files) =>
      files.every(({ name }) => DATA.endings.test(name) || TEXT.test(name))
        ? named(DATA.endings)(files)
        : undefined,
  },
];

const TEXT = /\.(md|txt|rst)$|(^|\/)LICENSE$/i;
