import { Failure } from '#domain/failure.ts';
import { nearestName } from '#domain/nearest-name.ts';
import { requireAccelerators } from '#domain/placement/accelerators.ts';

/** What infra/parameters.yml takes for a parameter: one of these words, a whole number between two, or a text of this form. */
type Rule =
  | { readonly words: readonly string[] }
  | { readonly least: number; readonly most: number }
  | { readonly form: RegExp; readonly says: string };

/** As the template has them; CloudFormation would refuse another value too, once all is packed and uploaded. */
export const RULES: Readonly<Record<string, Rule>> = {
  containers: { words: ['public', 'isolated', 'off'] },
  bakeSeconds: { least: 0, most: 3600 },
  buildCompute: {
    words: ['BUILD_GENERAL1_SMALL', 'BUILD_GENERAL1_MEDIUM', 'BUILD_GENERAL1_LARGE'],
  },
  team: {
    form: /^[A-Za-z0-9 _.:/=+@-]{1,128}$/,
    says: 'letters, digits, spaces and _.:/=+@-, 128 at most',
  },
  maxReplicas: { least: 1, most: 100 },
  allowedAccelerators: {
    form: /^(all|none|[A-Z][A-Za-z0-9 ]*(,[A-Z][A-Za-z0-9 ]*)*)$/,
    says: 'all, none, or names of GPUs separated by commas',
  },
  maxMonthlyUsd: {
    form: /^(unlimited|[0-9]{1,9}(\.[0-9]{1,2})?)$/,
    says: 'an amount such as 250 or 99.50, or unlimited',
  },
  requireApproval: { words: ['true', 'false'] },
  promoterExternalId: {
    form: /^(|[A-Za-z0-9+=,.@:/_-]{8,1224})$/,
    says: '8 to 1224 letters, digits and +=,.@:/_-',
  },
  alarmLatencyMs: { least: 1, most: 900_000 },
};

/** Fails with `InputInvalid`, which says what the parameter takes, for a value that it does not. */
export function requireValue(name: string, value: string): void {
  const rule = RULES[name];
  if (name === 'allowedAccelerators' && value !== 'all' && value !== 'none') {
    requireAccelerators(name, value.split(','));
  }
  if (!rule || holds(rule, value)) return;
  throw new Failure('InputInvalid', `${name}=${value} is not what the parameter takes`, {
    fix: `${nearest(rule, value)}It takes ${taken(rule)}.`,
  });
}

function holds(rule: Rule, value: string): boolean {
  if ('words' in rule) return rule.words.includes(value);
  if ('form' in rule) return rule.form.test(value);
  return /^\d+$/.test(value) && Number(value) >= rule.least && Number(value) <= rule.most;
}

function nearest(rule: Rule, value: string): string {
  const name = 'words' in rule ? nearestName(value, rule.words) : undefined;
  return name ? `Did you mean ${name}? ` : '';
}

function taken(rule: Rule): string {
  if ('words' in rule) return rule.words.join(', ');
  return 'form' in rule ? rule.says : `a whole number from ${rule.least} to ${rule.most}`;
}
