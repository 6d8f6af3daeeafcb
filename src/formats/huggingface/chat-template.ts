import { within } from '#formats/archives/folder.ts';
import type { ArtifactFile } from '#formats/bytes/artifact-file.ts';
import { readText } from '#formats/bytes/text-file.ts';
import { quoted, rejected } from '#formats/rejected.ts';
import { fileIn, isObject, type Json, jsonIn } from './json-file.ts';

type Files = readonly ArtifactFile[];

const MAX_BYTES = 2 ** 20;
// By these a template reaches the Python around it: attributes that every object of Python has, and the filter that makes their names of texts; a power is of no use in a conversation either.
const REACHES =
  /\*\*|__(base|bases|builtins|call|class|closure|code|dict|func|getattribute|globals|import|init|mro|reduce|reduce_ex|self|subclasses)__|\|\s*attr\b/;
// A text may hold any number.
const TEXT = /'[^']*'|"[^"]*"/g;
const LARGE = /\d{7,}/;

/** Whether a folder has a chat template. Fails with `ArtifactRejected` for one that reaches for more than a conversation: a sandbox holds it too, but no conversation needs it. */
export async function hasChatTemplate(
  files: Files,
  folder: string,
  config: Json,
): Promise<boolean> {
  const written = textsOf(config['chat_template'], 'tokenizer_config.json');
  const json = await jsonIn(files, folder, 'chat_template.json');
  const inJson = textsOf(isObject(json) ? json['chat_template'] : json, 'chat_template.json');
  const templates = [...written, ...inJson, ...(await templateFiles(files, folder))];
  for (const [name, template] of templates) refuseReaching(template, name);
  return templates.length > 0;
}

/** One text, or several with their names. */
function textsOf(value: unknown, name: string): readonly (readonly [string, string])[] {
  const listed = Array.isArray(value) ? value : [value];
  return listed
    .map((each) => (isObject(each) ? each['template'] : each))
    .filter((each) => typeof each === 'string' && each !== '')
    .map((each) => [name, String(each)]);
}

async function templateFiles(
  files: Files,
  folder: string,
): Promise<readonly (readonly [string, string])[]> {
  const more = within(folder, 'additional_chat_templates/');
  const one = fileIn(files, folder, 'chat_template.jinja');
  const others = files.filter(({ name }) => name.startsWith(more) && name.endsWith('.jinja'));
  const found: (readonly [string, string])[] = [];
  for (const file of [...(one ? [one] : []), ...others]) {
    found.push([file.name, await readText(file, MAX_BYTES)]);
  }
  return found;
}

function refuseReaching(template: string, name: string): void {
  const large = LARGE.exec(template.replaceAll(TEXT, ''))?.[0];
  if (large !== undefined) {
    throw rejected(
      `${name} has a chat template that counts with ${quoted(large)}, which no conversation needs`,
      'Take that out of the template, and upload the folder again.',
    );
  }
  const [reaches] = REACHES.exec(template) ?? [];
  if (reaches === undefined) return;
  throw rejected(
    `${name} has a chat template that uses ${quoted(reaches)}: it reaches for the Python around it, which no conversation needs`,
    'Take that out of the template, and upload the folder again.',
  );
}
