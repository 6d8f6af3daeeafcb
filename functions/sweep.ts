import { lambdaHandler } from '#adapters/aws/lambda-handler.ts';
import { sweepOnAws } from '#compose/aws-beside.ts';
import { sweepEvent } from '#domain/registry/sweep-event.ts';

const sweep = sweepOnAws(process.env);

export const handler = lambdaHandler(sweepEvent, async (event) => {
  if (event['detail-type'] === 'Step Functions Execution Status Change') {
    return sweep.ended(event.detail);
  }
  const { touch, weigh, meter } = event.detail ?? {};
  if (weigh) return sweep.weigh();
  if (meter) return sweep.meter();
  return touch ? sweep.touch() : sweep.all();
});
