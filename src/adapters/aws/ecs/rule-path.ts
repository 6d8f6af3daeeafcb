import type { CreateRuleCommandInput, Rule } from '@aws-sdk/client-elastic-load-balancing-v2';

/** The fix for a rule with a path of Slipway's that Slipway did not make. */
export const FOREIGN_RULE_FIX =
  'Delete that rule of the load balancer, or give it another path: Slipway changes no rule that it did not make.';

/**
 * The conditions of a rule for all paths below `path`, and the rewrite to the path for the server, without the prefix.
 * API Gateway may prepend its stage, and what comes before its own `{proxy+}`, to the path of a private integration; this has not been tried here.
 * https://docs.aws.amazon.com/apigateway/latest/developerguide/private-integration.html
 */
export function below(
  path: string,
  apiStage: string,
): Pick<CreateRuleCommandInput, 'Conditions' | 'Transforms'> {
  // A rule takes at most 5 values. https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-limits.html
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
