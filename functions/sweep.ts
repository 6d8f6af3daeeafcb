import { lambdaHandler } from '#adapters/aws/lambda-handler.ts';
import { sweepOnAws } from '#compose/aws.ts';
import { sweepEvent } from '#domain/sweep-event.ts';

const sweep = sweepOnAws(process.env);

export const handler = lambdaHandler(sweepEvent, async (event) =>
  'detail' in event ? sweep.ended(event.detail) : sweep.all(),
);
