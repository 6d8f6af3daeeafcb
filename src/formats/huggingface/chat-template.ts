import { within } from '#formats/archives/folder.ts';
import type { ArtifactFile } from '#formats/bytes/artifact-file.ts';
import { readText } from '#formats/bytes/text-file.ts';
import { quoted, rejected } from '#formats/rejected.ts';
import { fileIn, isObject, type Json, jsonIn } from './json-file.ts';

type Files = readonly ArtifactFile[];

const MAX_BYTES = 2 ** 20;
// A template could reach the Python around it with these: attributes that every Python object has, and the filter that builds their names from texts. Powers, and numbers in the millions, are useless in a conversation too.
const REACHES = /\*\*|\b__\w+__\b|\|\s*attr\b|\d{7,}/;
const NAME_IN_A_TEXT = /^['"]__\w+__['"]$/;
// Texts for the model may contain anything, whether as plain text or in quotes.
const TOKEN = /'(?:\\[\s\S]|[^'\\])*'|"(?:\\[\s\S]|[^"\\])*"|[{(]|[})]|%|[^'"{}()%]+|['"]/g;
const BEGIN = /\{[{%]/g;
const DEPTHS = new Map([
  ['{', 1],
  ['(', 1],
  ['}', -1],
  [')', -1],
]);

/** The name of a template that is the only one. */
const USUAL = 'default';

/**
 * The chat templates of a folder by their names. As in transformers, a file outranks a setting of tokenizer_config.json.
 * Fails with `ArtifactRejected` for one that reaches for more than a conversation: a sandbox would stop it too, but no conversation needs it.
 */
export async function chatTemplates(
  files: Files,
  folder: string,
  config: Json,
): Promise<ReadonlyMap<string, string>> {
  const written = textsOf(config['chat_template'], 'tokenizer_config.json');
  const json = await jsonIn(files, folder, 'chat_template.json');
  const inJson = textsOf(isObject(json) ? json['chat_template'] : json, 'chat_template.json');
  const found = [...written, ...inJson, ...(await templateFiles(files, folder))];
  for (const { template, file } of found) refuseReaching(template, file);
  return new Map(found.map(({ name, template }) => [name, template]));
}

type Template = { readonly name: string; readonly template: string; readonly file: string };

/** One text, or several with their names. */
function textsOf(value: unknown, file: string): readonly Template[] {
  const listed = Array.isArray(value) ? value : [value];
  return listed
    .map((each): Json => (isObject(each) ? each : { template: each }))
    .flatMap(({ name = USUAL, template }) =>
      typeof template === 'string' && template !== ''
        ? [{ name: String(name), template, file }]
        : [],
    );
}

async function templateFiles(files: Files, folder: string): Promise<readonly Template[]> {
  const more = within(folder, 'additional_chat_templates/');
  const one = fileIn(files, folder, 'chat_template.jinja');
  const others = files.filter(({ name }) => name.startsWith(more) && name.endsWith('.jinja'));
  const found: Template[] = [];
  for (const file of [...(one ? [one] : []), ...others]) {
    const name = file === one ? USUAL : file.name.slice(more.length, -'.jinja'.length);
    found.push({ name, template: await readText(file, MAX_BYTES), file: file.name });
  }
  return found;
}

function refuseReaching(template: string, name: string): void {
  for (const { code, texts } of expressions(template)) {
    const reaches = REACHES.exec(code)?.[0] ?? texts.find((text) => NAME_IN_A_TEXT.test(text));
    if (reaches === undefined) continue;
    throw rejected(
      `${name} has a chat template that uses ${quoted(reaches)}: it reaches for more than a conversation needs`,
      'Take that out of the template, and upload the folder again.',
    );
  }
}

/** The content between `{{` and `}}`, or `{%` and `%}`: its quoted texts, and the code around them. */
function* expressions(template: string): Generator<{
  readonly code: string;
  readonly texts: readonly string[];
}> {
  BEGIN.lastIndex = 0;
  for (let begin = BEGIN.exec(template); begin; begin = BEGIN.exec(template)) {
    const found = expressionAt(template, begin.index + 2);
    yield found;
    BEGIN.lastIndex = found.end;
  }
}

/** An expression without an end continues to the end of the template. */
function expressionAt(template: string, start: number) {
  const tokens: string[] = [];
  let depth = 0;
  let end = template.length;
  TOKEN.lastIndex = start;
  for (let token = TOKEN.exec(template); token; token = TOKEN.exec(template)) {
    const [text] = token;
    if (depth <= 0 && closes(template, token.index)) {
      end = token.index + 2;
      break;
    }
    depth += DEPTHS.get(text) ?? 0;
    tokens.push(text);
  }
  const [texts, code] = [tokens.filter(isText), tokens.filter((token) => !isText(token))];
  return { code: code.join(''), texts, end };
}

function closes(template: string, at: number): boolean {
  const two = template.slice(at, at + 2);
  return two === '}}' || two === '%}';
}

function isText(token: string): boolean {
  return token.length > 1 && /^['"]/.test(token);
}
