import { serverErrors } from '../../../../runtimes/onnx/serving/server-errors.ts';

const LAMBDA = { AWS_LAMBDA_FUNCTION_NAME: 'slipway-m-digits', AWS_LAMBDA_FUNCTION_VERSION: '3' };
const INVOKED = { 'x-amzn-lambda-context': '{}' };

describe('the count of server errors on Lambda', () => {
  it('has a line for each request that was answered with a 5xx, which CloudWatch takes for a metric of the version', () => {
    const lines: string[] = [];
    const count = serverErrors(LAMBDA, (line) => lines.push(line));

    for (const status of [200, 404, 429, 500, 503]) count(INVOKED, status);

    expect(lines.map((line) => JSON.parse(line))).toEqual(
      Array.from({ length: 2 }, () => ({
        _aws: {
          Timestamp: expect.any(Number),
          CloudWatchMetrics: [
            {
              Namespace: 'Slipway',
              Dimensions: [['FunctionName', 'ExecutedVersion']],
              Metrics: [{ Name: 'ServerErrors', Unit: 'Count' }],
            },
          ],
        },
        FunctionName: 'slipway-m-digits',
        ExecutedVersion: '3',
        ServerErrors: 1,
      })),
    );
  });

  it('has a line for each request that was refused for what it is', () => {
    const lines: string[] = [];
    const count = serverErrors(LAMBDA, (line) => lines.push(line));

    for (const status of [400, 401, 403, 404, 413, 415, 422, 429, 499]) count(INVOKED, status);

    expect(lines).toHaveLength(4);
    expect(lines.map((line) => JSON.parse(line))).toEqual(
      lines.map(() => expect.objectContaining({ Refusals: 1 })),
    );
  });

  it('is marked by the deployment that made the version, which no other model knows', () => {
    const lines: string[] = [];
    const env = { ...LAMBDA, SLIPWAY_DEPLOYMENT: 'd1' };

    serverErrors(env, (line) => lines.push(line))(INVOKED, 500);

    const [line = '{}'] = lines;
    expect(JSON.parse(line)).toMatchObject({
      _aws: {
        CloudWatchMetrics: [
          {
            Dimensions: [
              ['FunctionName', 'ExecutedVersion'],
              ['FunctionName', 'ExecutedVersion', 'Deployment'],
            ],
          },
        ],
      },
      Deployment: 'd1',
    });
  });

  it('has no line of the looks whether the server is ready, nor anywhere but on Lambda', () => {
    const lines: string[] = [];

    serverErrors(LAMBDA, (line) => lines.push(line))({}, 503);
    serverErrors({}, (line) => lines.push(line))(INVOKED, 500);

    expect(lines).toEqual([]);
  });
});
