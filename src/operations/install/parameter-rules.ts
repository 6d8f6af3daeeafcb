import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parse } from 'yaml';
import * as z from 'zod/mini';
import { Failure } from '#domain/failure.ts';
import { nearestName } from '#domain/nearest-name.ts';
import { nameInTemplate } from './parameters.ts';

const rule = z.object({
  AllowedValues: z.optional(z.array(z.string())),
  AllowedPattern: z.optional(z.string()),
  ConstraintDescription: z.optional(z.string()),
  MinValue: z.optional(z.number()),
  MaxValue: z.optional(z.number()),
});
const file = z.object({ Parameters: z.record(z.string(), rule) });

type Rule = z.infer<typeof rule>;

/**
 * Checks values, by the names with which they are given, against the values that the template's parameters allow. Fails with `InputInvalid`.
 * CloudFormation would reject an invalid one too, but for a new stage only once the stack exists, with nothing but a bucket in it.
 */
export async function requireAllowed(
  templateFolder: string,
  given: ReadonlyMap<string, string>,
): Promise<void> {
  const text = await readFile(join(templateFolder, 'infra/parameters.yml'), 'utf8');
  // The functions of CloudFormation elsewhere in the file are unknown tags.
  const { Parameters } = file.parse(parse(text, { logLevel: 'silent' }));
  for (const [name, value] of given) {
    const found = Parameters[nameInTemplate(name)];
    const expected = found && expectedOf(found, value);
    if (!expected) continue;
    throw new Failure('InputInvalid', `${name} is \`${value}\`: nothing was deployed`, {
      fix: `${nearest(found, value)}Give ${expected}.`,
    });
  }
}

function nearest({ AllowedValues = [] }: Rule, value: string): string {
  const name = nearestName(value, AllowedValues);
  return name ? `Did you mean ${name}? ` : '';
}

/** The rule's own expectation, where the value does not meet it. */
function expectedOf(
  { AllowedValues, AllowedPattern, ConstraintDescription, MinValue, MaxValue }: Rule,
  value: string,
): string | undefined {
  if (AllowedValues && !AllowedValues.includes(value)) return `one of ${AllowedValues.join(', ')}`;
  if (AllowedPattern && !new RegExp(`^(?:${AllowedPattern})$`).test(value)) {
    return ConstraintDescription ?? `what matches ${AllowedPattern}`;
  }
  if (MinValue === undefined) return undefined;
  const most = MaxValue ?? Number.POSITIVE_INFINITY;
  const isNumber = value.trim() !== '' && Number(value) >= MinValue && Number(value) <= most;
  return isNumber ? undefined : `a number from ${MinValue} to ${most}`;
}
