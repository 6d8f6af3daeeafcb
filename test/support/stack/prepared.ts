import { cp, mkdtemp, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Json } from '../../template/template.ts';

/**
 * A copy in `parent` of a package, without the resources of these types: for a witness that refuses a template with a type that it does not know.
 * References to a left-out resource become its logical id.
 */
export async function packageWithout(
  packaged: string,
  parent: string,
  types: readonly string[],
): Promise<string> {
  const folder = await mkdtemp(join(parent, 'without-'));
  await cp(packaged, folder, { recursive: true });
  const file = join(folder, 'serverless-state.json');
  const state = JSON.parse(await readFile(file, 'utf8'));
  const { provider } = state.service;
  provider.compiledCloudFormationTemplate = without(provider.compiledCloudFormationTemplate, types);
  await writeFile(file, JSON.stringify(state));
  return folder;
}

function without({ Resources, ...template }: Json, types: readonly string[]): Json {
  const all = Object.entries<Json>(Resources);
  const gone = new Set(
    all.flatMap(([id, { Type, Properties }]) => (isUnknown(types, Type, Properties) ? [id] : [])),
  );
  const kept = Object.fromEntries(all.filter(([id]) => !gone.has(id)));
  const named = (_: string, value: Json) => (gone.has(value?.Ref) ? value.Ref : value);
  return JSON.parse(JSON.stringify({ ...template, Resources: kept }), named);
}

/** ministack knows no alarms over an expression. */
function isUnknown(types: readonly string[], type: string, properties: Json): boolean {
  return types.includes(type) || (type === 'AWS::CloudWatch::Alarm' && properties?.Metrics);
}
