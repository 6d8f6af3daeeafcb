import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { packagedFolder } from './packaged.ts';

// biome-ignore lint/suspicious/noExplicitAny: a template is JSON of a hundred shapes, and a test that reads a wrong one fails.
export type Json = any;

export type Resource = {
  readonly Type: string;
  readonly Properties: Json;
  readonly Condition?: string;
  readonly DependsOn?: readonly string[];
  readonly DeletionPolicy?: string;
  readonly UpdateReplacePolicy?: string;
};

export type Template = {
  readonly Parameters: Json;
  readonly Conditions: Json;
  readonly Mappings: Json;
  readonly Resources: Readonly<Record<string, Resource>>;
  readonly Outputs: Readonly<Record<string, Json>>;
};

export type Statement = {
  readonly Effect: 'Allow' | 'Deny';
  readonly Action: string | readonly string[];
  readonly Resource?: Json;
  readonly Principal?: Json;
  readonly Condition?: Json;
};

export const TEMPLATE = 'cloudformation-template-update-stack.json';

/** The packaged template; `SLIPWAY_TEMPLATE` names the folder of another one. */
export async function readTemplate(folder = process.env['SLIPWAY_TEMPLATE']): Promise<Template> {
  return JSON.parse(await readFile(join(folder ?? (await packagedFolder()), TEMPLATE), 'utf8'));
}

/** The resources of a type, by their logical ids. */
export function ofType(template: Template, type: string): readonly (readonly [string, Resource])[] {
  return Object.entries(template.Resources).filter(([, { Type }]) => Type === type);
}

/** A value as a person would write it: `Ref` and `GetAtt` by their names, pseudo parameters short. */
export function plain(value: Json): string {
  if (typeof value !== 'object') return String(value);
  if ('Ref' in value) return value.Ref;
  if ('Fn::GetAtt' in value) return value['Fn::GetAtt'].join('.').replace(/\.Arn$/, '');
  if ('Fn::Sub' in value) return short(value['Fn::Sub']);
  if ('Fn::Join' in value) return value['Fn::Join'][1].map(plain).join(value['Fn::Join'][0]);
  return JSON.stringify(value);
}

function short(text: string): string {
  return text
    .replaceAll(/\$\{AWS::Partition\}/g, 'aws')
    .replaceAll(/\$\{AWS::(?:Region|AccountId)\}/g, '')
    .replaceAll(/\$\{([\w.]+?)(?:\.Arn)?\}/g, '$1');
}

export function list<Value>(value: Value | readonly Value[]): readonly Value[] {
  return Array.isArray(value) ? value : [value as Value];
}

/** Everything that the policies in a role say, in a stack that has containers. */
export function statementsOf({ Properties }: Resource): readonly Statement[] {
  return (Properties.Policies ?? [])
    .map((policy: Json) => policy['Fn::If']?.[1] ?? policy)
    .flatMap(({ PolicyDocument }: Json) => PolicyDocument.Statement);
}

export const CONTAINERS = ['off', 'public', 'isolated'] as const;
export type Containers = (typeof CONTAINERS)[number];

/** The resources of a stack with these containers, and with no other parameter given. */
export function resourcesWith(
  { Resources }: Template,
  containers: Containers,
): Readonly<Record<string, Resource>> {
  const conditions: Readonly<Record<string, boolean>> = {
    HasContainers: containers !== 'off',
    IsPublic: containers === 'public',
    IsIsolated: containers === 'isolated',
  };
  const isMade = ({ Condition }: Resource) => !Condition || conditions[Condition] === true;
  return Object.fromEntries(Object.entries(Resources).filter(([, resource]) => isMade(resource)));
}
