import { lambdaHandler } from '#adapters/aws/lambda-handler.ts';
import { admitPromotionOnAws } from '#compose/aws.ts';
import { workflow } from '#domain/workflow.ts';

export const handler = lambdaHandler(
  workflow.AdmitPromotion.input,
  admitPromotionOnAws(process.env),
);
