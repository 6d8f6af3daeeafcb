import * as z from 'zod/mini';

// https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html
const directive = z.object({
  Namespace: z.string().check(z.minLength(1), z.maxLength(255)),
  Dimensions: z.array(z.array(z.string()).check(z.maxLength(30))),
  Metrics: z
    .array(z.object({ Name: z.string(), Unit: z.enum(['Milliseconds', 'Count']) }))
    .check(z.maxLength(100)),
});
const document = z.looseObject({
  _aws: z.object({
    Timestamp: z.int().check(z.positive()),
    CloudWatchMetrics: z.array(directive).check(z.minLength(1)),
  }),
});

/** Why CloudWatch would not take a log line as metrics. */
export function emfFaults(line: unknown): readonly string[] {
  const { data, error } = document.safeParse(line);
  if (!data) return [String(error)];
  return data._aws.CloudWatchMetrics.flatMap(({ Dimensions, Metrics }) => [
    ...Dimensions.flat()
      .filter((name) => typeof data[name] !== 'string' || data[name] === '')
      .map((name) => `the dimension ${name} has no text`),
    ...Metrics.filter(({ Name }) => typeof data[Name] !== 'number').map(
      ({ Name }) => `the metric ${Name} has no number`,
    ),
  ]);
}
