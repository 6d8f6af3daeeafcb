import { isOverLambda } from '../../../../runtimes/onnx/serving/lambda-limit.ts';

const LAMBDA = { AWS_LWA_INVOKE_MODE: 'buffered' };
const INVOKED = (name: string) => (name === 'x-amzn-lambda-context' ? '{}' : undefined);
const MIB = 1024 * 1024;

describe('an answer on Lambda', () => {
  it.each([
    { what: 'text of 5.9 MiB', body: 'x'.repeat(5.9 * MIB), headers: {}, isOver: false },
    { what: 'text of 6 MiB', body: 'x'.repeat(6 * MIB), headers: {}, isOver: true },
    { what: 'text with as many escapes', body: '"'.repeat(3.1 * MIB), headers: {}, isOver: true },
    {
      what: 'bytes of 4.4 MiB',
      body: new Uint8Array(4.4 * MIB),
      headers: { 'content-type': 'application/octet-stream' },
      isOver: false,
    },
    {
      what: 'bytes of 4.6 MiB',
      body: new Uint8Array(4.6 * MIB),
      headers: { 'content-type': 'application/octet-stream' },
      isOver: true,
    },
    {
      what: 'text of 4.6 MiB once it is encoded',
      body: new Uint8Array(4.6 * MIB),
      headers: { 'content-encoding': 'gzip' },
      isOver: true,
    },
  ])('of $what is over its limit: $isOver', ({ body, headers, isOver }) => {
    expect(isOverLambda(LAMBDA, INVOKED, { body, headers })).toBe(isOver);
  });

  it('that is streamed, or no answer of Lambda’s, is over none', () => {
    const answer = { body: 'x'.repeat(7 * MIB), headers: {} };

    expect(isOverLambda({ AWS_LWA_INVOKE_MODE: 'response_stream' }, INVOKED, answer)).toBe(false);
    expect(isOverLambda(LAMBDA, () => undefined, answer)).toBe(false);
    expect(isOverLambda({}, INVOKED, answer)).toBe(false);
  });
});
