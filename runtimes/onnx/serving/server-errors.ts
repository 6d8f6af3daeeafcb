import type { IncomingHttpHeaders } from 'node:http';

/** As the bake counts them: src/domain/rollout/refusal-status.ts. */
const REFUSALS: readonly number[] = [400, 413, 415, 422];

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * Counts the requests that were answered with a 5xx, and those that were refused for what they are, only on Lambda, where nobody else does: for Lambda, an answer from the web adapter is a success.
 * It is a line of the log from which CloudWatch takes a metric, by the function's version; and once more with the deployment that made it, which no other model knows: Slipway judges by that.
 * https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html
 */
export function serverErrors(
  {
    AWS_LAMBDA_FUNCTION_NAME: name,
    AWS_LAMBDA_FUNCTION_VERSION: version,
    SLIPWAY_DEPLOYMENT: deployment,
  }: Environment,
  write: (line: string) => void = console.log,
) {
  return (headers: IncomingHttpHeaders, status: number): void => {
    // The adapter's own readiness checks have no such header.
    const isRequest = headers['x-amzn-lambda-context'] !== undefined;
    const metric =
      status >= 500 ? 'ServerErrors' : REFUSALS.includes(status) ? 'Refusals' : undefined;
    if (!name || !version || !isRequest || !metric) return;
    const Metrics = [{ Name: metric, Unit: 'Count' }];
    const own = ['FunctionName', 'ExecutedVersion'];
    const Dimensions = deployment ? [own, [...own, 'Deployment']] : [own];
    const CloudWatchMetrics = [{ Namespace: 'Slipway', Dimensions, Metrics }];
    write(
      JSON.stringify({
        _aws: { Timestamp: Date.now(), CloudWatchMetrics },
        FunctionName: name,
        ExecutedVersion: version,
        ...(deployment && { Deployment: deployment }),
        [metric]: 1,
      }),
    );
  };
}
