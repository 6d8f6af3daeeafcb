import * as z from 'zod/mini';
import type { Frozen } from './operation.ts';
import { count, version } from './values.ts';

const day = z.string().check(z.meta({ format: 'date', description: 'In UTC.' }));

const counts = z.object({
  seen: count.check(z.describe('Requests that were answered with 200.')),
  kept: count.check(z.describe('Sealed and written.')),
  full: count.check(z.describe('Not kept: the space of their hour was used up.')),
  large: count.check(z.describe('Not kept: over 200 kB.')),
  private: count.check(z.describe('Not kept: they had a private field.')),
  form: count.check(
    z.describe('Not kept: it is unknown which of their fields are in the signature.'),
  ),
  failed: count.check(z.describe('Not kept: storing them failed.')),
});

const budget = z.object({
  requestsPerHour: count,
  megabytes: count,
  days: count,
  private: z.array(z.string()),
});

export const captureState = z
  .object({
    budget: z
      .nullable(budget)
      .check(
        z.describe(
          'The limits of the live version, from `capture` in its manifest; null if it keeps none.',
        ),
      ),
    days: z
      .array(
        z.object({
          day,
          counts,
          sampled: count.check(z.describe('Kept requests that are in the sample of their hour.')),
          opens: count.check(
            z.describe('The kept requests that can still be opened, because their key exists.'),
          ),
          bytes: count.check(z.describe('The size of all lines of the day.')),
        }),
      )
      .check(z.describe('The newest first; days without a line are left out.')),
  })
  .check(z.meta({ id: 'Capture' }));

/** The kept requests of a model, counted. */
export type CaptureState = Frozen<z.output<typeof captureState>>;

const content = z
  .union([z.object({ text: z.string() }), z.object({ base64: z.string() })])
  .check(z.describe('Text, if it is UTF-8.'));

export const keptRequest = z
  .object({
    id: z.string().check(z.describe("The answer's `x-request-id`.")),
    at: z.string().check(z.meta({ format: 'date-time' })),
    version,
    path: z.string().check(z.describe("Below the model's own path.")),
    contentType: z.string(),
    body: content,
    answer: content,
    truth: z.exactOptional(z.unknown().check(z.describe('The correct answer, from feedback.'))),
  })
  .check(z.meta({ id: 'KeptRequest' }));

export const forgotten = z.object({
  days: z
    .array(day)
    .check(z.describe('The days that were forgotten: their requests can never be opened again.')),
});

export const feedbackTaken = z
  .object({
    joined: count.check(z.describe('Requests whose correct answer is now recorded.')),
    unknown: z.array(z.string()).check(z.describe('Ids that belong to no kept request.')),
  })
  .check(z.meta({ id: 'FeedbackTaken' }));
