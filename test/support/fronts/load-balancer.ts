import type { IncomingMessage, ServerResponse } from 'node:http';
import { request } from 'node:http';
import {
  DescribeRulesCommand,
  type ElasticLoadBalancingV2Client,
  type Rule,
} from '@aws-sdk/client-elastic-load-balancing-v2';

export type Asked = {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
};

export type LoadBalancer = {
  /** Notes the calls about rules: how they rewrite paths, which moto forgets, and that they change. */
  note(form: string, answer: string): void;
  /** Sends a request where the listener's rules lead. */
  pass(asked: Asked, response: ServerResponse): Promise<void>;
};

type Rewrite = { readonly Regex: string; readonly Replace: string };

/** A load balancer that works: by the rules that its listener has in moto, to the servers that stand in a target group; `originOf` answers one of these. */
export function loadBalancer(
  elb: ElasticLoadBalancingV2Client,
  ListenerArn: string,
  originOf: (targetGroup: string) => string | undefined,
): LoadBalancer {
  const rewrites = new Map<string, Rewrite>();
  let known: Promise<readonly Rule[]> | undefined;

  async function read(): Promise<readonly Rule[]> {
    const { Rules = [] } = await elb.send(new DescribeRulesCommand({ ListenerArn }));
    return Rules.filter(({ IsDefault }) => !IsDefault).toSorted(
      (a, b) => Number(a.Priority) - Number(b.Priority),
    );
  }

  return {
    note(form, answer) {
      const fields = new URLSearchParams(form);
      if (/^(?:Create|Modify|Delete)Rule$/.test(fields.get('Action') ?? '')) known = undefined;
      const of = (name: string) =>
        fields.get(`Transforms.member.1.UrlRewriteConfig.Rewrites.member.1.${name}`) ?? '';
      const arn = /<RuleArn>(.*?)<\/RuleArn>/.exec(answer)?.[1];
      if (arn && of('Regex')) {
        rewrites.set(arn, { Regex: of('Regex'), Replace: of('Replace') });
      }
    },

    async pass(asked, response) {
      known ??= read();
      const rule = (await known).find((each) => matches(each, asked.path));
      if (!rule) return answer(response, 404, { error: 'there is no such model' });
      const { Regex, Replace } = rewrites.get(rule.RuleArn ?? '') ?? { Regex: '^', Replace: '' };
      const origin = originOf(drawn(rule));
      if (!origin) return answer(response, 503, { error: 'no target' });
      await forward(
        origin,
        { ...asked, path: asked.path.replace(RegExp(Regex), Replace) },
        response,
      );
    },
  };
}

/** `*` stands for any characters. https://docs.aws.amazon.com/elasticloadbalancing/latest/application/listener-rules.html */
function matches({ Conditions = [] }: Rule, path: string): boolean {
  const patterns = Conditions.flatMap(
    ({ PathPatternConfig, Values }) => PathPatternConfig?.Values ?? Values ?? [],
  );
  return patterns.some((pattern) => {
    const parts = pattern.split('*').map((part) => part.replace(/[.+?^${}()|[\]\\]/g, '\\$&'));
    return RegExp(`^${parts.join('.*')}$`).test(path);
  });
}

/** One of the groups, by chance and weight. */
function drawn({ Actions = [] }: Rule): string {
  const [action] = Actions;
  const groups = action?.ForwardConfig?.TargetGroups ?? [
    { TargetGroupArn: action?.TargetGroupArn, Weight: 1 },
  ];
  let left = Math.random() * groups.reduce((sum, { Weight = 1 }) => sum + Weight, 0);
  const found = groups.find(({ Weight = 1 }) => {
    left -= Weight;
    return left < 0;
  });
  return found?.TargetGroupArn ?? '';
}

async function forward(
  origin: string,
  { method, path, headers, body }: Asked,
  response: ServerResponse,
): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const { 'transfer-encoding': _, host: __, ...kept } = headers;
  const passed = request(new URL(path, origin), { method, headers: kept }, (given) => {
    response.writeHead(given.statusCode ?? 502, given.headers);
    given.pipe(response).on('close', resolve);
  });
  passed.on('error', () => {
    answer(response, 502, { error: 'the target gave no answer' });
    resolve();
  });
  passed.end(body);
  await promise;
}

function answer(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
}
