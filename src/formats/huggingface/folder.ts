import { folderOf, isWithin, within } from '#formats/archives/folder.ts';
import type { ArtifactFile } from '#formats/bytes/artifact-file.ts';
import { readText } from '#formats/bytes/text-file.ts';

type Files = readonly ArtifactFile[];

const CONFIG = /(^|\/)config\.json$/;
const MODULES = /(^|\/)modules\.json$/;
const WEIGHTS = /\.(safetensors|onnx)$|(^|\/)pytorch_model[^/]*\.bin$/;
const MAX_CONFIG_BYTES = 2 ** 20;
const MAX_READ = 20;

/**
 * The folders that Hugging Face's libraries load: those with a config.json that names a network, or a modules.json of sentence-transformers, and weights at or below it.
 * A network that sentence-transformers keeps below its modules.json is part of that folder.
 */
export async function huggingFaceFolders(files: Files): Promise<readonly string[]> {
  if (!files.some(({ name }) => WEIGHTS.test(name))) return [];
  const configs = files.filter(({ name }) => CONFIG.test(name)).slice(0, MAX_READ);
  const found = new Set<string>();
  for (const modules of files.filter(({ name }) => MODULES.test(name)).slice(0, MAX_READ)) {
    const root = folderOf(modules.name);
    if (!(await says(modules, /"type"\s*:\s*"sentence_transformers\./))) continue;
    if (hasWeights(files, root)) found.add(root);
  }
  for (const config of configs) {
    if (!(await says(config, /"(architectures|model_type)"\s*:/))) continue;
    const folder = folderOf(config.name);
    const root = isBelowModules(files, folder) ? folderOf(folder) : folder;
    if (hasWeights(files, root)) found.add(root);
  }
  const outermost = (root: string) =>
    ![...found].some((other) => other !== root && isWithin(other, root));
  return [...found].filter(outermost);
}

async function says(file: ArtifactFile, what: RegExp): Promise<boolean> {
  if (file.sizeBytes > MAX_CONFIG_BYTES) return false;
  const written = await readText(file, MAX_CONFIG_BYTES).catch(() => '');
  return what.test(written);
}

function hasWeights(files: Files, root: string): boolean {
  return files.some(({ name }) => WEIGHTS.test(name) && isWithin(root, name));
}

function isBelowModules(files: Files, folder: string): boolean {
  const modules = within(folderOf(folder), 'modules.json');
  return folder !== '.' && files.some(({ name }) => name === modules);
}
