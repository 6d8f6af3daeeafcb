import type { CreateRuleCommandInput, Rule } from '@aws-sdk/client-elastic-load-balancing-v2';

/**
 * What a rule for all paths below `path` asks, and the path that the server sees: without what the rule is found by.
 * API Gateway may put its stage, and what comes before its own `{proxy+}`, before the path that a private integration asks for; nobody has tried it here.
 * https://docs.aws.amazon.com/apigateway/latest/developerguide/private-integration.html
 */
export function below(
  path: string,
  apiStage: string,
): Pick<CreateRuleCommandInput, 'Conditions' | 'Transforms'> {
  // A rule takes 5 values. https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-limits.html
  const Values = ['', `/${apiStage}`, '/_probe', `/${apiStage}/_probe`].map(
    (before) => `${before}${path}/*`,
  );
  const rewrite = { Regex: `^(/${apiStage})?(/_probe)?${path}/(.*)$`, Replace: '/$3' };
  return {
    Conditions: [{ Field: 'path-pattern', PathPatternConfig: { Values } }],
    Transforms: [{ Type: 'url-rewrite', UrlRewriteConfig: { Rewrites: [rewrite] } }],
  };
}

export function isBelow({ Conditions = [] }: Rule, path: string): boolean {
  return Conditions.some(({ PathPatternConfig, Values }) =>
    (PathPatternConfig?.Values ?? Values ?? []).includes(`${path}/*`),
  );
}
