import { readdirSync, readFileSync } from 'node:fs';
import { PARAMETERS } from '#compose/install/parameters.ts';

const ROOT = new URL('../../', import.meta.url);
const read = (path: string) => readFileSync(new URL(path, ROOT), 'utf8');

const document = read('docs/deploy.md');

type Statement = { readonly Effect: string; readonly Action: readonly string[] };

// What the kinds of the template are called in policies, where the names differ.
const PREFIX: Readonly<Record<string, string>> = {
  apigatewayv2: 'apigateway',
  elasticloadbalancingv2: 'elasticloadbalancing',
  kinesisfirehose: 'firehose',
  stepfunctions: 'states',
};

describe('docs/deploy.md', () => {
  it('has a policy that lets all services of the template be used', () => {
    const policy = /```json\n([\s\S]*?)```/.exec(document)?.[1] ?? '';
    const statements: readonly Statement[] = JSON.parse(policy).Statement;
    const template = readdirSync(new URL('infra', ROOT))
      .map((file) => read(`infra/${file}`))
      .join('\n');
    const services = new Set(
      [...template.matchAll(/AWS::(\w+)::\w+/g)].map(([, service = '']) => service.toLowerCase()),
    );

    const allowed = new Set(
      statements.flatMap(({ Action }) => Action.map((action) => action.split(':')[0])),
    );

    expect(services.size).toBeGreaterThan(10);
    expect([...services].filter((service) => !allowed.has(PREFIX[service] ?? service))).toEqual([]);
  });

  it('names a service in each resource of its policy, without which IAM refuses all of it', () => {
    const policy = /```json\n([\s\S]*?)```/.exec(document)?.[1] ?? '';
    const statements: readonly { readonly Resource: string | readonly string[] }[] =
      JSON.parse(policy).Statement;

    const resources = statements.flatMap(({ Resource }) => Resource);

    expect(resources.filter((arn) => arn !== '*' && !/^arn:aws:[a-z0-9-]+:/.test(arn))).toEqual([]);
  });

  it('names every parameter of the template but the stage', () => {
    const [, parameters = ''] =
      /\nparams:\n {2}default:\n((?: {4}.*\n)+)/.exec(read('serverless.yml')) ?? [];

    const names = [...parameters.matchAll(/^ {4}(\w+):/gm)].map(([, name]) => name);

    expect(names.length).toBeGreaterThan(0);
    expect(names.filter((name) => !document.includes(`\`${name}\``))).toEqual([]);
    expect(names.toSorted()).toEqual([...PARAMETERS].toSorted());
  });
});
