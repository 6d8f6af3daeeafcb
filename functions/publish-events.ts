import * as z from 'zod/mini';
import { lambdaHandler } from '#adapters/aws/lambda-handler.ts';
import { publishEventsOnAws } from '#compose/aws-beside.ts';

// The stream only signals that there is something to publish; the outbox holds the events, in order.
export const handler = lambdaHandler(z.object({}), publishEventsOnAws(process.env));
