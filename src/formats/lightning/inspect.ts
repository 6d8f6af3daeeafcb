import type { ModelFacts } from '#domain/artifact/facts.ts';
import { isVersion } from '#domain/build/python-environment.ts';
import { foldersWith, within } from '#formats/archives/folder.ts';
import type { ArtifactFile } from '#formats/bytes/artifact-file.ts';
import { readText } from '#formats/bytes/text-file.ts';
import { codeFacts } from '#formats/code/code-facts.ts';
import { packageOf } from '#formats/code/python-requirements.ts';
import { findCode, requirementsIn } from '#formats/python/inspect.ts';
import type { FindFolders, ReadFolder } from '#formats/reader.ts';
import { quoted, rejected } from '#formats/rejected.ts';
import { openTorch, type TorchArchive } from '#formats/torch/archive.ts';
import { torchGlobals } from '#formats/torch/globals.ts';
import { scanMember } from '#formats/torch/pickled.ts';
import { entriesOf } from '#formats/torch/refused.ts';
import { lightning } from './format.ts';

const CODE = 'model.py';
const MAX_CODE_BYTES = 1024 * 1024;
const CLASS = /^class[ \t]+(\w+)[ \t]*\([ \t]*(?:\w+\.)*LightningModule[ \t]*[,)]/gm;
const OWN = /^(pytorch_lightning|lightning|lightning_fabric)\./;
const VERSION = 'pytorch-lightning_version';
// PyTorch and Lightning, imported in Python 3.11.
const IMPORTS = { name: 'PyTorch, Lightning and their imports', bytes: 500 * 2 ** 20 };

export const read: ReadFolder = (files, root) => inspectLightning(files, root);

/** The checkpoints whose `model.py` has the module; a `model.py` that answers by itself is code that loads the checkpoint in its own way. */
export const folders: FindFolders = async (files) => {
  const found: string[] = [];
  for (const root of foldersWith(files, lightning.folder.marker)) {
    const isOwnCode = (await findCode(files, root)) !== undefined;
    if (!isOwnCode && classesIn(await codeIn(files, root)).length > 0) found.push(root);
  }
  return found;
};

/**
 * Reads the facts of a checkpoint of PyTorch Lightning in the folder `root`, with the class that was trained in `model.py` beside it; its code is only searched, never run.
 * Fails with `ArtifactRejected` where the file is not such a checkpoint, or there is not exactly one class.
 */
async function inspectLightning(files: readonly ArtifactFile[], root: string): Promise<ModelFacts> {
  const code = await codeIn(files, root);
  const [name, another] = classesIn(code);
  if (name === undefined || another !== undefined) {
    throw rejected(
      `${within(root, CODE)} has ${another ? `the classes ${quoted(name ?? '')} and ${quoted(another)}` : 'no class'} of a LightningModule; the limit is one`,
      'Keep the module that was trained in model.py, and others in files beside it.',
    );
  }
  const path = within(root, lightning.folder.marker);
  const file = files.find((each) => each.name === path);
  if (!file) throw rejected(`${path} is missing`, 'Upload the whole folder.');
  const version = await savedByLightning(await openTorch(await file.open(), path));
  if (version === undefined) {
    throw rejected(
      `${path} is not a checkpoint of PyTorch Lightning with nothing but weights and plain hyper-parameters`,
      'Save it with `trainer.save_checkpoint("model.ckpt")`, and give `save_hyperparameters` only numbers, texts, lists and dictionaries of them; or write a predict.py that loads it.',
    );
  }
  const requirements = await requirementsIn(files, within(root, 'requirements.txt'));
  return {
    format: 'lightning',
    formatVersion: `checkpoint, Lightning ${version}`,
    ...codeFacts(files, IMPORTS),
    pythonVersion: null,
    requirements: [...requirements, ...needed(code, version, requirements)],
    example: null,
    entrypoint: `${CODE}:${name}`,
  };
}

/** The version of the Lightning that saved a checkpoint; undefined for a file that it did not save, or that names other libraries' classes. */
async function savedByLightning(archive: TorchArchive): Promise<string | undefined> {
  const data = archive.members.get('data.pkl');
  if (!data) return undefined;
  const globals = torchGlobals({ hasCode: false });
  const scanned = await scanMember(archive, data, globals).catch(() => undefined);
  if (!scanned || !globals.others().every((name) => OWN.test(name))) return undefined;
  const version = entriesOf(scanned.root).find(([key]) => key === VERSION)?.[1];
  return typeof version === 'string' ? version : undefined;
}

/** The Lightning that saved it, as the package that the code imports, and torch, where the folder's own requirements name neither. */
function needed(code: string, version: string, requirements: readonly string[]) {
  const named = new Set(requirements.map(packageOf));
  const isNamed = named.has('lightning') || named.has('pytorch-lightning');
  const name = /\bpytorch_lightning\b/.test(code) ? 'pytorch-lightning' : 'lightning';
  const exact = isVersion(version) ? `${name}==${version}` : name;
  return [...(isNamed ? [] : [exact]), ...(named.has('torch') ? [] : ['torch'])];
}

async function codeIn(files: readonly ArtifactFile[], root: string): Promise<string> {
  const file = files.find(({ name }) => name === within(root, CODE));
  return file ? readText(file, MAX_CODE_BYTES) : '';
}

function classesIn(code: string): readonly string[] {
  return [...code.matchAll(CLASS)].map(([, name = '']) => name);
}
