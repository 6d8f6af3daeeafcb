import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { releases, templateOf } from '../support/releases/releases.ts';
import { type Json, readTemplate, type Template } from './template.ts';

const { types } = JSON.parse(
  readFileSync(join(import.meta.dirname, '../support/releases/create-only.json'), 'utf8'),
) as { types: Readonly<Record<string, readonly string[]>> };

/** The types of resources that an update makes anew by design, under another id. */
const MADE_ANEW = new Set(['AWS::ApiGateway::Deployment', 'AWS::Lambda::Version']);

const template = await readTemplate();

const valueAt = (properties: Json, path: string) =>
  path.split('.').reduce((value, name) => value?.[name], properties);

/** The resources that CloudFormation would replace in an update from one template to another, as `Id.Property`, and those that it would take away. */
function lostBetween(old: Template, now: Template): readonly string[] {
  return Object.entries(old.Resources).flatMap(([id, { Type, Properties }]) => {
    if (MADE_ANEW.has(Type)) return [];
    const next = now.Resources[id];
    if (next?.Type !== Type) return [id];
    return (types[Type] ?? [])
      .filter((path) => {
        const [before, after] = [Properties, next.Properties].map((each) => valueAt(each, path));
        return JSON.stringify(before) !== JSON.stringify(after);
      })
      .map((path) => `${id}.${path}`);
  });
}

describe.each(releases)('the stack of %s', (release) => {
  it('keeps all that it has when it is updated to this one', () => {
    expect(lostBetween(templateOf(release), template)).toEqual([]);
  });

  it('takes the parameters that it was given', () => {
    const given = Object.keys(templateOf(release).Parameters);

    expect(given.filter((name) => !(name in template.Parameters))).toEqual([]);
  });

  it('has the outputs by which its clients know it', () => {
    const known = Object.keys(templateOf(release).Outputs);

    expect(known.filter((name) => !(name in template.Outputs))).toEqual([]);
  });
});

describe('an update', () => {
  const changed = (change: (of: Template) => void) => {
    const copy = structuredClone(template);
    change(copy);
    return lostBetween(template, copy);
  };

  it('loses a table whose name is another', () => {
    expect(
      changed(({ Resources }) => {
        Resources['Registry']!.Properties.TableName = 'other';
      }),
    ).toEqual(['Registry.TableName']);
  });

  it('loses what the template no longer has', () => {
    expect(
      changed(({ Resources }) => {
        delete (Resources as Json).Registry;
      }),
    ).toEqual(['Registry']);
  });
});
