import { readdirSync, readFileSync } from 'node:fs';
import { PARAMETERS } from '#operations/install/parameters.ts';

const ROOT = new URL('../../../', import.meta.url);
const read = (path: string) => readFileSync(new URL(path, ROOT), 'utf8');

const document = read('docs/deploy.md');

type Statement = { readonly Effect: string; readonly Action: readonly string[] };

// The names of the template's services in policies, where they differ.
const PREFIX: Readonly<Record<string, string>> = {
  apigatewayv2: 'apigateway',
  elasticloadbalancingv2: 'elasticloadbalancing',
  kinesisfirehose: 'firehose',
  stepfunctions: 'states',
};

/** The names in policies of the SDK commands that a file imports. */
function actionsIn(source: string): readonly string[] {
  const imports = source.matchAll(/import \{([^}]*)\} from '@aws-sdk\/client-([\w-]+)'/g);
  return [...imports].flatMap(([, names = '', client = '']) => {
    const service = client.replaceAll('-', '');
    const calls = names.matchAll(/\b(?:(\w+)Command|paginate(\w+))\b/g);
    return [...calls].map(([, sent, paged]) => `${PREFIX[service] ?? service}:${sent ?? paged}`);
  });
}

function isIn(allowed: string, action: string): boolean {
  return new RegExp(`^${allowed.replaceAll('*', '.*')}$`).test(action);
}

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

  // Before a deploy nobody has more permissions than these, and a look that is refused stops the deploy.
  it('has a policy that lets the account be looked at before a deploy', () => {
    const policy = /```json\n([\s\S]*?)```/.exec(document)?.[1] ?? '';
    const statements: readonly Statement[] = JSON.parse(policy).Statement;
    const allowed = statements.flatMap(({ Action }) => Action);

    const asked = [
      ...['account', 'aws', 'containers', 'quota'].map(
        (name) => `src/operations/doctor/${name}.ts`,
      ),
      ...['service-roles', 'stack'].map((name) => `src/operations/account/${name}.ts`),
      'src/adapters/aws/service-quota.ts',
      'src/operations/install/install.ts',
    ]
      .flatMap((file) => actionsIn(read(file)))
      // It needs no permission. https://docs.aws.amazon.com/STS/latest/APIReference/API_GetCallerIdentity.html
      .filter((action) => action !== 'sts:GetCallerIdentity');

    expect(asked).toContain('servicequotas:ListServiceQuotas');
    expect(asked.filter((action) => !allowed.some((each) => isIn(each, action)))).toEqual([]);
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
