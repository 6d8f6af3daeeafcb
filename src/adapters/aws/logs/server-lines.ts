// Lambda's own lines between those of the server.
// https://docs.aws.amazon.com/lambda/latest/dg/monitoring-cloudwatchlogs-view.html
const LAMBDA_LINE = /^(?:INIT_START|INIT_REPORT|START|END|REPORT|EXTENSION|XRAY)\b/;

// Lines that the server wrote for others: for CloudWatch to count, and sealed requests for the gate. https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html
const FOR_OTHERS = /^\{"(?:_aws|slipwayKept)":/;

/** The server's own lines of a function's log. */
export function serverLines(lines: readonly string[]): readonly string[] {
  return lines.map((line) => line.trimEnd()).filter(isServerLine);
}

/** Whether a line of a function's log is the server's own, and not blank. */
export function isServerLine(line: string): boolean {
  return line !== '' && !LAMBDA_LINE.test(line) && !FOR_OTHERS.test(line);
}
